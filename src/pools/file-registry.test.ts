import { mkdir, mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileRegistry } from './file-registry.ts';
import type { SeenPool } from './registry.ts';

const { signal } = new AbortController();
const SEEN: SeenPool = {
  driver: 'hostpath.stowage.dev',
  poolName: 'ssd',
  nodeName: 'node-1',
  poolId: 'aaaaaaaa',
  onNodeLoss: { action: 'keep' },
  condition: 'open',
  room: undefined,
};
const OLD = {
  formatVersion: 1,
  pools: [
    { poolName: 'ssd', nodeName: 'node-1', poolId: 'aaaaaaaa', firstSeen: toTime(1), lastSeen: toTime(5) },
    { poolName: 'old', nodeName: 'node-1', poolId: 'aaaaaaaa', firstSeen: toTime(0), lastSeen: toTime(2) },
    { poolName: 'hdd', nodeName: 'node-1', poolId: 'bbbbbbbb', firstSeen: toTime(3), lastSeen: toTime(4) },
  ],
};

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}

describe('the registry in files', () => {
  let scratch: Awaited<ReturnType<typeof mkdtempDisposable>>;
  let state: string;
  beforeEach(async () => {
    scratch = await mkdtempDisposable('/var/tmp/stowage-registry-');
    state = join(scratch.path, 'state');
  });
  afterEach(() => scratch.remove());

  const create = () =>
    createFileRegistry({ stateDirectory: state, driver: SEEN.driver, clock: { now: () => 1_000_000 } });
  const pools = () => join(state, 'registry', 'pools');

  it('says before anything is written that it cannot be, and where', async () => {
    await create().record(SEEN, signal);
    const graves = join(state, 'registry', 'tombstones');
    await writeFile(graves, 'in the way');

    expect(await create().list(signal)).toHaveLength(1);
    await expect(create().check(signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining(graves),
    });
  });

  it('leaves the single file of an earlier release alone while nobody knows whose pools are in it', async () => {
    const single = join(state, 'pools.json');
    await mkdir(state);
    await writeFile(single, JSON.stringify(OLD));
    const registry = createFileRegistry({
      stateDirectory: state,
      driver: undefined,
      clock: { now: () => 0 },
    });

    expect(await registry.list(signal)).toEqual([]);
    expect(JSON.parse(await readFile(single, 'utf8'))).toEqual(OLD);

    expect(await create().list(signal)).toHaveLength(2);
  });

  it('keeps one version of each instance', async () => {
    await create().record(SEEN, signal);
    await create().record({ ...SEEN, condition: 'unavailable' }, signal);
    await create().record(SEEN, signal);

    expect(await readdir(pools())).toEqual(['aaaaaaaa.3.json']);
  });

  it('takes no notice of what a program that died has left', async () => {
    await create().record(SEEN, signal);
    const text = await readFile(join(pools(), 'aaaaaaaa.1.json'), 'utf8');
    await writeFile(join(pools(), 'aaaaaaaa.2.json.abcdefgh.tmp'), '{"half');
    await create().record({ ...SEEN, condition: 'unavailable' }, signal);
    // Killed before it removed the version before its own.
    await writeFile(join(pools(), 'aaaaaaaa.1.json'), text);

    expect(await create().list(signal)).toMatchObject([{ condition: 'unavailable' }]);
  });

  it.each([
    '',
    '{',
    '[]',
    '{"formatVersion": 2}',
    JSON.stringify({ formatVersion: 1, ...SEEN, poolId: '../x' }),
    JSON.stringify({
      formatVersion: 1,
      ...SEEN,
      poolId: 'bbbbbbbb',
      firstSeen: toTime(0),
      lastSeen: toTime(0),
    }),
  ])('that holds %j is an error, and never overwritten', async (text) => {
    await create().record(SEEN, signal);
    const path = join(pools(), 'aaaaaaaa.1.json');
    await writeFile(path, text);
    const unreadable = { code: 'POOL_UNAVAILABLE', message: expect.stringContaining(path) };

    await expect(create().find(SEEN, signal)).rejects.toMatchObject(unreadable);
    await expect(create().record(SEEN, signal)).rejects.toMatchObject(unreadable);
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('that is not a directory is an error', async () => {
    await mkdir(state);
    await writeFile(join(state, 'registry'), '');

    await expect(create().list(signal)).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
  });

  describe('after an earlier release', () => {
    beforeEach(async () => {
      await mkdir(state);
      await writeFile(join(state, 'pools.json'), JSON.stringify(OLD));
    });

    it('has its pools, and its file is put away', async () => {
      const listed = await create().list(signal);

      expect(listed.toSorted((a, b) => (a.poolId < b.poolId ? -1 : 1))).toMatchObject([
        { poolId: 'aaaaaaaa', poolName: 'ssd', driver: SEEN.driver, firstSeen: new Date(1) },
        { poolId: 'bbbbbbbb', poolName: 'hdd', condition: 'unavailable', lastSeen: new Date(4) },
      ]);
      expect((await readdir(state)).toSorted()).toEqual(['pools.json.migrated', 'registry']);
    });

    it('goes on where it was killed: what is registered by now stays', async () => {
      await create().record(SEEN, signal);
      await create().release({ poolId: 'aaaaaaaa', by: 'operator' }, signal);
      await writeFile(join(state, 'pools.json'), JSON.stringify(OLD));

      expect(await create().findById('aaaaaaaa', signal)).toMatchObject({ release: { by: 'operator' } });
    });

    it.each(['', '{"formatVersion": 2, "pools": []}', '{"formatVersion": 1, "pools": [{"poolId": "../x"}]}'])(
      'is an error while its file holds %j, which stays',
      async (text) => {
        const path = join(state, 'pools.json');
        await writeFile(path, text);
        const unreadable = { code: 'POOL_UNAVAILABLE', message: expect.stringContaining(path) };

        await expect(create().find(SEEN, signal)).rejects.toMatchObject(unreadable);
        expect(await readFile(path, 'utf8')).toBe(text);
      },
    );
  });
});
