import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { hashOf, toVolumeRecord } from '../../test/support/volume-record.ts';
import { VolumeRecord } from './records.ts';
import { SharedShelf } from './shared-shelf.ts';

const signal = AbortSignal.timeout(10_000);
const ALL = { maxEntries: 0, startingToken: undefined };

describe('a shelf of records that others change, too', () => {
  let directory: string;
  let clock: FakeClock;
  let shelf: SharedShelf<VolumeRecord>;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stowage-shelf-'));
    clock = new FakeClock();
    shelf = new SharedShelf<VolumeRecord>({
      kind: 'volume',
      directory,
      recordFile: 'volume.json',
      schema: VolumeRecord,
      promisedBytesOf: (record) => record.capacityBytes,
      clock,
    });
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  async function store(record: VolumeRecord): Promise<VolumeRecord> {
    const path = join(directory, hashOf(record));
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'new'), JSON.stringify(record));
    await rename(join(path, 'new'), join(path, 'volume.json'));
    return record;
  }

  async function take(record: VolumeRecord): Promise<void> {
    await rm(join(directory, hashOf(record)), { recursive: true });
  }

  it('sees at once what another program made, changed and removed', async () => {
    await shelf.whenLoaded(signal);
    const made = await store(toVolumeRecord('a'));
    expect(await shelf.findById(made.id)).toEqual(made);
    clock.advance(60_001);
    await shelf.whenLoaded(signal);

    const changed = await store({ ...made, capacityBytes: 2000 });
    expect(await shelf.find(hashOf(made))).toEqual(changed);
    expect((await shelf.page(ALL, signal)).entries).toEqual([changed]);

    await take(made);
    expect(await shelf.findById(made.id)).toBeUndefined();
    expect((await shelf.page(ALL, signal)).entries).toEqual([]);
  });

  it('knows no other generation of a name', async () => {
    const record = await store(toVolumeRecord('a'));

    expect(await shelf.findById(toVolumeRecord('a').id)).toBeUndefined();
    expect(await shelf.findById(`s${record.id}`)).toBeUndefined();
  });

  it('pages through more than it reads at once, in the order of the ids, past what is removed meanwhile', async () => {
    const records = [];
    for (let number = 0; number < 50; number += 1) records.push(await store(toVolumeRecord(`v${number}`)));
    const sorted = records.toSorted((a, b) => (a.id < b.id ? -1 : 1));

    const first = await shelf.page({ maxEntries: 20, startingToken: undefined }, signal);
    expect(first.entries).toEqual(sorted.slice(0, 20));
    for (const gone of sorted.slice(18, 22)) await take(gone);
    const second = await shelf.page({ maxEntries: 20, startingToken: first.nextToken }, signal);
    expect(second.entries).toEqual(sorted.slice(22, 42));
    const last = await shelf.page({ maxEntries: 20, startingToken: second.nextToken }, signal);
    expect(last).toEqual({ entries: sorted.slice(42), nextToken: undefined });
  });

  it('leaves out of a page what is not wanted, and what cannot be read', async () => {
    const kept = await store(toVolumeRecord('kept'));
    await store(toVolumeRecord('other'));
    const broken = toVolumeRecord('broken');
    await mkdir(join(directory, hashOf(broken)));
    await writeFile(join(directory, hashOf(broken), 'volume.json'), '{');

    const page = await shelf.page(ALL, signal, ({ name }) => name === 'kept');
    await shelf.whenLoaded(signal);

    expect(page.entries).toEqual([kept]);
    expect(shelf.unreadable).toHaveLength(1);
    await expect(shelf.find(hashOf(broken))).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
  });

  it('does not take a directory that stays without a record for nothing', async () => {
    const bare = toVolumeRecord('bare');
    await mkdir(join(directory, hashOf(bare)));

    await expect(shelf.findById(bare.id)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining('has no record'),
    });
  });

  it('counts what others have promised as of a minute ago at the most, and its own at once', async () => {
    const own = await store(toVolumeRecord('own'));
    await shelf.whenLoaded(signal);
    expect(shelf.promisedBytes).toBe(1000);
    await store(toVolumeRecord('of another'));
    shelf.put(hashOf(own), { ...own, capacityBytes: 1500 });
    expect(shelf.promisedBytes).toBe(1500);

    await store({ ...own, capacityBytes: 1500 });
    clock.advance(60_001);
    await shelf.whenLoaded(signal);
    expect(shelf.promisedBytes).toBe(2500);
    shelf.remove(hashOf(own));
    expect(shelf.promisedBytes).toBe(1000);
  });

  it('reads anew for whoever needs to know better', async () => {
    await shelf.whenLoaded(signal);
    await store(toVolumeRecord('a'));
    clock.advance(3);

    await shelf.whenLoaded(signal, 2);

    expect(shelf.promisedBytes).toBe(1000);
  });

  it('does not lose what it does itself while all are read', async () => {
    const [removed, changed] = [
      await store(toVolumeRecord('removed')),
      await store(toVolumeRecord('changed')),
    ];
    const loading = shelf.whenLoaded(signal);
    shelf.remove(hashOf(removed));
    shelf.put(hashOf(changed), { ...changed, capacityBytes: 99 });
    await loading;

    expect(shelf.promisedBytes).toBe(99);
  });

  it.each(['nonsense', `s${toVolumeRecord('a').id}`])('does not know the token %j', async (startingToken) => {
    await expect(shelf.page({ maxEntries: 1, startingToken }, signal)).rejects.toMatchObject({
      code: 'TOKEN_UNKNOWN',
    });
  });
});
