import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { createFileRegistry } from './file-registry.ts';

const KEY = { poolName: 'ssd', nodeName: 'node-1' };

describe('the registry in a file', () => {
  let stateDirectory: string;
  let nowMs: number;
  const clock: Clock = { now: () => nowMs, sleep: async () => undefined };
  beforeEach(async () => {
    stateDirectory = await mkdtemp(join(tmpdir(), 'stowage-registry-'));
    nowMs = 1000;
  });
  afterEach(async () => {
    await rm(stateDirectory, { recursive: true });
  });

  const create = () => createFileRegistry({ stateDirectory: join(stateDirectory, 'state'), clock });

  it('knows nothing at first', async () => {
    expect(await create().find(KEY)).toBeUndefined();
    expect(await create().list()).toEqual([]);
  });

  it('remembers pools over restarts, with when they were seen', async () => {
    await create().record({ ...KEY, poolId: 'aaaaaaaa' });
    nowMs = 2000;
    await create().record({ ...KEY, poolId: 'aaaaaaaa' });

    expect(await create().find(KEY)).toEqual({
      ...KEY,
      poolId: 'aaaaaaaa',
      firstSeen: new Date(1000),
      lastSeen: new Date(2000),
    });
    expect(await create().find({ ...KEY, nodeName: 'node-2' })).toBeUndefined();
  });

  it('loses none of what is recorded at once', async () => {
    const registry = create();
    const names = Array.from({ length: 20 }, (_, index) => `pool-${index}`);
    await Promise.all(names.map((poolName) => registry.record({ ...KEY, poolName, poolId: 'aaaaaaaa' })));

    expect((await registry.list()).map((pool) => pool.poolName).toSorted()).toEqual(names.toSorted());
  });

  it('refuses another id for a pool that it knows', async () => {
    const registry = create();
    await registry.record({ ...KEY, poolId: 'aaaaaaaa' });

    await expect(registry.record({ ...KEY, poolId: 'bbbbbbbb' })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('aaaaaaaa'),
    });
  });

  it.each([
    '',
    '{',
    '[]',
    '{"formatVersion": 2, "pools": []}',
    '{"formatVersion": 1, "pools": [{"poolId": "../x"}]}',
  ])('that holds %j is an error, and never overwritten', async (text) => {
    const registry = create();
    await registry.record({ ...KEY, poolId: 'aaaaaaaa' });
    const path = join(stateDirectory, 'state', 'pools.json');
    await writeFile(path, text);
    const unreadable = { code: 'POOL_UNAVAILABLE', message: expect.stringContaining(path) };

    await expect(registry.find(KEY)).rejects.toMatchObject(unreadable);
    await expect(registry.record({ ...KEY, poolId: 'aaaaaaaa' })).rejects.toMatchObject(unreadable);
    expect(await readFile(path, 'utf8')).toBe(text);
  });
});
