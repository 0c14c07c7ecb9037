import { mkdir, mkdtemp, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DriverError } from '../domain/errors.ts';
import { createStorePaths, type StorePaths } from './paths.ts';
import { createPoolPresence, type PoolPresence } from './pool-presence.ts';

describe('the presence of a pool', () => {
  let scratch: string;
  let paths: StorePaths;
  let lost: DriverError[];
  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'stowage-presence-'));
    paths = createStorePaths(join(scratch, 'pool'));
    lost = [];
    await place('one', 'aaaaaaaa');
    await mountOther('one');
  });
  afterEach(async () => await rm(scratch, { recursive: true, force: true }));

  /** What is mounted at the pool's path: by a link, as no mount is needed to see another file there. */
  async function mountOther(name: string): Promise<void> {
    await unlink(paths.root).catch(() => undefined);
    await symlink(join(scratch, name), paths.root);
  }

  async function place(name: string, poolId: string): Promise<void> {
    const record = { formatVersion: 1, poolId, clusterId: 'c', createdAt: '2026-01-01T00:00:00Z' };
    await mkdir(join(scratch, name, '.stowage'), { recursive: true });
    await writeFile(join(scratch, name, '.stowage', 'pool.json'), JSON.stringify(record));
  }

  const watch = (poolId?: string): Promise<PoolPresence> =>
    createPoolPresence({ paths, name: 'p', ...(poolId === undefined ? {} : { poolId }) }, (error) => {
      lost.push(error);
    });

  it('ends with another file where the pool is one program’s own', async () => {
    const presence = await watch();
    await presence.check();
    await place('two', 'aaaaaaaa');
    await mountOther('two');

    await expect(presence.check()).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
    expect(lost).toHaveLength(1);
  });

  it('goes on with another file of the same id where the pool is shared, as after a mount anew', async () => {
    const presence = await watch('aaaaaaaa');
    await place('two', 'aaaaaaaa');
    await mountOther('two');

    await presence.check();
    await presence.check();
    expect(lost).toEqual([]);
  });

  it('ends with another id, and with nothing, where the pool is shared', async () => {
    const presence = await watch('aaaaaaaa');
    await place('two', 'bbbbbbbb');
    await mountOther('two');
    await expect(presence.check()).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
    await mkdir(join(scratch, 'empty'));
    await mountOther('empty');
    await expect(presence.check()).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });

    expect(lost).toHaveLength(2);
  });
});
