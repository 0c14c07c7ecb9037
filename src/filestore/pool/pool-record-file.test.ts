import { mkdtempDisposable, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLossyFiles } from '../../../test/support/lossy-files.ts';
import { systemClock } from '../../base/clock.ts';
import { createStorePaths } from '../paths.ts';
import type { PoolRecord } from '../records.ts';
import { nodeFiles } from '../store-files.ts';
import { ensurePoolRecord } from './pool-record-file.ts';

const expected = { name: 'p', clusterId: 'c', knownPoolId: undefined, clock: systemClock };

describe('the record of a pool', () => {
  it('is one for all who make the pool at the same moment', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'stowage-pool-'));
    const paths = createStorePaths(root.path);

    const made = await Promise.all(Array.from({ length: 8 }, () => ensurePoolRecord({ ...expected, paths })));

    const { poolId } = await ensurePoolRecord({ ...expected, paths });
    expect(new Set(made.map((record) => record.poolId))).toEqual(new Set([poolId]));
    expect(await readdir(paths.control)).toEqual(['pool.json']);
  });

  it('stays what it is when another program was about to make it', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'stowage-pool-'));
    const paths = createStorePaths(root.path);
    const winner = Promise.withResolvers<PoolRecord>();
    const files = {
      async link(existing: string, path: string): Promise<void> {
        winner.resolve(await ensurePoolRecord({ ...expected, paths }));
        await nodeFiles.link(existing, path);
      },
    };

    const late = await ensurePoolRecord({ ...expected, paths, files });

    expect(late).toEqual(await winner.promise);
    expect(await ensurePoolRecord({ ...expected, paths })).toEqual(late);
  });

  it('is the one that was made, also when the answer to that was lost', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'stowage-pool-'));
    const paths = createStorePaths(root.path);
    const files = createLossyFiles(() => 'answer-lost');

    const made = await ensurePoolRecord({ ...expected, paths, files });

    expect(await ensurePoolRecord({ ...expected, paths })).toEqual(made);
  });
});
