import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createObjectId, formatObjectId, parseObjectId } from '../domain/ids.ts';
import { MemoryShelf } from './memory-shelf.ts';

const signal = AbortSignal.timeout(10_000);
const Thing = z.strictObject({ formatVersion: z.literal(1), id: z.string(), bytes: z.number() });
type Thing = z.infer<typeof Thing>;

function createThing(name: string, bytes = 10): Thing {
  const place = { clusterId: 'c', poolId: 'aaaaaaaa' };
  return { formatVersion: 1, id: formatObjectId(createObjectId('volume', place, name)), bytes };
}

function hashOf(thing: Thing): string {
  return parseObjectId(thing.id)?.hash ?? '';
}

describe('a shelf in memory', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stowage-shelf-'));
  });
  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  const create = () =>
    new MemoryShelf<Thing>({
      kind: 'volume',
      directory,
      recordFile: 'thing.json',
      schema: Thing,
      promisedBytesOf: (thing) => thing.bytes,
    });

  async function store(thing: Thing): Promise<Thing> {
    await mkdir(join(directory, hashOf(thing)));
    await writeFile(join(directory, hashOf(thing), 'thing.json'), JSON.stringify(thing));
    return thing;
  }

  it('finds one on disk before all are read', async () => {
    const thing = await store(createThing('a'));

    expect(await create().findById(thing.id)).toEqual(thing);
    expect(await create().findById(createThing('b').id)).toBeUndefined();
  });

  it('adds up what its records promise, as they come, change and go', async () => {
    const [first, second] = [await store(createThing('a', 10)), await store(createThing('b', 20))];
    const shelf = create();
    await shelf.whenLoaded(signal);
    expect(shelf.promisedBytes).toBe(30);

    shelf.put(hashOf(first), { ...first, bytes: 15 });
    expect(shelf.promisedBytes).toBe(35);
    shelf.remove(hashOf(second));
    shelf.remove(hashOf(second));
    expect(shelf.promisedBytes).toBe(15);
  });

  it('is not told by its loader what has changed meanwhile', async () => {
    const [removed, changed] = [await store(createThing('removed')), await store(createThing('changed'))];
    const shelf = create();
    const loading = shelf.whenLoaded(signal);
    shelf.remove(hashOf(removed));
    shelf.put(hashOf(changed), { ...changed, bytes: 99 });
    await loading;

    expect(await shelf.find(hashOf(removed))).toBeUndefined();
    expect(await shelf.find(hashOf(changed))).toEqual({ ...changed, bytes: 99 });
    expect(shelf.promisedBytes).toBe(99);
  });

  it('knows no other generation of a name', async () => {
    const thing = await store(createThing('a'));
    const other = createThing('a');

    expect(await create().findById(other.id)).toBeUndefined();
    expect(await create().findById(`s${thing.id}`)).toBeUndefined();
  });

  it('looks on disk again for what it was told to doubt', async () => {
    const shelf = create();
    await shelf.whenLoaded(signal);
    const thing = await store(createThing('late'));
    expect(await shelf.findById(thing.id)).toBeUndefined();

    shelf.doubt(hashOf(thing));
    expect(await shelf.findById(thing.id)).toEqual(thing);
  });

  it('does not take a directory without a record for nothing', async () => {
    const thing = createThing('bare');
    await mkdir(join(directory, hashOf(thing)));

    await expect(create().findById(thing.id)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining('has no record'),
    });
  });

  it('is not empty but unreadable when its directory is gone, and recovers', async () => {
    const shelf = create();
    await rm(directory, { recursive: true });
    await expect(shelf.whenLoaded(signal)).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });

    await mkdir(directory);
    const thing = await store(createThing('back'));
    await shelf.whenLoaded(signal);
    expect(await shelf.list(signal)).toEqual([thing]);
  });

  it('ignores what has no name of ours', async () => {
    await writeFile(join(directory, 'README'), '');
    await mkdir(join(directory, 'lost+found'));
    const shelf = create();
    await shelf.whenLoaded(signal);

    expect(await shelf.list(signal)).toEqual([]);
    expect(shelf.unreadable).toEqual([]);
  });
});
