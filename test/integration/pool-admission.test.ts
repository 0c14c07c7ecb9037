import { mkdir, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { detectContent } from '../../src/host/filesystems/detect.ts';
import type { LocalStores } from '../../src/pools/local-stores.ts';
import type { ConfiguredPool } from '../../src/pools/open-pool.ts';
import { MiB } from '../contract/file-store.ts';
import { getSentence, getStore, makePoolsFixture, type PoolsFixture } from '../support/pools.ts';
import { listLoopsBelow, skipsRootTests } from '../support/scratch.ts';

const signal = AbortSignal.timeout(600_000);
/** Whether a pool's device, if it has one, holds nothing. */
async function isBlank({ backing }: ConfiguredPool): Promise<boolean> {
  if (backing.type !== 'device') return true;
  const content = await detectContent({ device: backing.device, sizeBytes: 320 * MiB });
  return content.kind === 'blank';
}

const NEW = { poolName: 'pool', knownPoolId: undefined, clusterId: 'cluster' } as const;

describe.skipIf(skipsRootTests())('pools of a node that controllers admit', () => {
  let fixture: PoolsFixture;
  let image: string;
  beforeEach(async () => {
    fixture = await makePoolsFixture(signal);
    image = join(fixture.scratch.path, 'pool.img');
  });
  afterEach(async () => await fixture[Symbol.asyncDispose]());

  const createDirectory = async (): Promise<ConfiguredPool> => {
    const pool = fixture.createPool('pool', { type: 'none' });
    await mkdir(pool.path, { recursive: true });
    return pool;
  };
  const createDevice = async (): Promise<ConfiguredPool> => {
    const file = join(fixture.scratch.path, 'disk');
    await writeFile(file, '');
    await truncate(file, 320 * MiB);
    const { device } = await fixture.host.loops.ensure(
      { file, readOnly: false, sectorSizeBytes: 512 },
      signal,
    );
    return fixture.createPool('pool', { type: 'device', device });
  };
  const createFile = async (): Promise<ConfiguredPool> =>
    fixture.createPool('pool', { type: 'file', path: image, size: 320 * MiB, sparse: true });
  const waits = (stores: LocalStores): boolean =>
    stores.admission.list().some(({ poolName }) => poolName === 'pool');
  const untilOpen = async (stores: LocalStores): Promise<string> =>
    await expect
      .poll(() => getStore(stores).poolId, { timeout: 20_000 })
      .toMatch(/^[a-z2-7]{8}$/)
      .then(() => getStore(stores).poolId);
  /** As after a reboot of a node that has lost what it remembered. */
  const reinstall = async (stores: LocalStores, pool: ConfiguredPool): Promise<void> => {
    await stores.close();
    if (pool.backing.type === 'file') {
      await fixture.host.mounts.unmount(pool.path, signal);
      await fixture.host.loops.detachAll(pool.backing.path, signal);
    }
    await fixture.forget();
  };

  it.each([
    ['a directory', createDirectory],
    ['a file', createFile],
    ['a device', createDevice],
  ])('wait, and nothing is made, until they are admitted as new: %s', async (_, create) => {
    const pool = await create();
    const stores = await fixture.openAsNode([pool]);

    expect(waits(stores)).toBe(true);
    expect(getSentence(stores)).toMatch(/a controller has to say whether it is new/);
    await expect(stat(join(pool.path, '.stowage'))).rejects.toThrow('ENOENT');
    await expect(stat(image)).rejects.toThrow('ENOENT');
    expect(await isBlank(pool)).toBe(true);
    await stores.admission.admit(NEW, signal);
    await untilOpen(stores);
    expect(waits(stores)).toBe(false);
  });

  it.each([
    ['a directory', createDirectory],
    ['a file', createFile],
  ])('are opened without a word when they are there: %s', async (_, create) => {
    const pool = await create();
    const first = await fixture.openAsNode([pool]);
    await first.admission.admit(NEW, signal);
    const poolId = await untilOpen(first);
    await reinstall(first, pool);

    const second = await fixture.openAsNode([pool]);
    expect(getStore(second).poolId).toBe(poolId);
    await second.admission.admit({ ...NEW, knownPoolId: poolId }, signal);
    await second.admission.admit(NEW, signal);
    for (const wrong of [
      { ...NEW, knownPoolId: 'zzzzzzzz' },
      { ...NEW, clusterId: 'another' },
    ]) {
      await expect(second.admission.admit(wrong, signal)).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
      });
    }
  });

  it('on a device are opened without a word when they are there', async () => {
    const pool = await createDevice();
    const first = await fixture.openAsNode([pool]);
    await first.admission.admit(NEW, signal);
    const poolId = await untilOpen(first);
    await first.close();
    await fixture.host.mounts.unmount(pool.path, signal);
    await fixture.forget();

    const second = await fixture.openAsNode([pool]);
    expect(getStore(second).poolId).toBe(poolId);
  });

  it('are not made anew when the cluster knows them, and used when their disk shows up', async () => {
    const pool = await createDirectory();
    const first = await fixture.openAsNode([pool]);
    await first.admission.admit(NEW, signal);
    const poolId = await untilOpen(first);
    await reinstall(first, pool);
    await rename(pool.path, `${pool.path}-unmounted`);
    await mkdir(pool.path);

    const second = await fixture.openAsNode([pool]);
    await second.admission.admit({ ...NEW, knownPoolId: poolId }, signal);
    await expect
      .poll(() => getSentence(second))
      .toMatch(
        new RegExp(
          `its disk is probably not mounted.*run "stowage pools forget ${poolId}" on a controller, and it is made`,
        ),
      );
    expect(second.list()[0]?.poolId).toBe(poolId);
    expect(await readdir(pool.path)).toEqual([]);

    // An operator may have had the pool forgotten: the next attempt asks again.
    await expect.poll(() => (fixture.clock.wake(), waits(second))).toBe(true);
    await rename(pool.path, `${pool.path}-empty`);
    await rename(`${pool.path}-unmounted`, pool.path);
    await expect.poll(() => (fixture.clock.wake(), getStore(second).poolId)).toBe(poolId);
  });

  it.each([
    ['whose disk is not mounted', createDirectory, 'is probably not mounted', async () => undefined],
    [
      'at which another disk is mounted',
      createDirectory,
      'holds pool',
      async (pool: ConfiguredPool) => {
        const other = await fixture.openAsNode([pool], 'node-9');
        await other.admission.admit(NEW, signal);
        await untilOpen(other);
        await other.close();
      },
    ],
    ['whose file is missing', createFile, 'is missing', async () => undefined],
  ])(
    '%s say who has to forget them: the node itself and the cluster',
    async (_what, create, why, replace) => {
      const pool = await create();
      const first = await fixture.openAsNode([pool]);
      await first.admission.admit(NEW, signal);
      const poolId = await untilOpen(first);
      await first.close();
      if (pool.backing.type === 'file') {
        await fixture.host.mounts.unmount(pool.path, signal);
        await fixture.host.loops.detachAll(pool.backing.path, signal);
        await rm(pool.backing.path);
      } else {
        await rename(pool.path, `${pool.path}-away`);
        await mkdir(pool.path);
      }
      await replace(pool);

      const second = await fixture.openAsNode([pool]);

      expect(getSentence(second)).toContain(why);
      expect(getSentence(second)).toContain(
        `run "stowage pools forget ${poolId}" on a controller, and "stowage pools forget ${poolId} --local" on this node`,
      );
    },
  );

  it('on a node that got another name are opened once it has forgotten them itself, as it says', async () => {
    const pool = await createDirectory();
    const first = await fixture.openAsNode([pool]);
    await first.admission.admit(NEW, signal);
    const poolId = await untilOpen(first);
    await first.close();

    const second = await fixture.openAsNode([pool], 'node-2');
    expect(getSentence(second)).toMatch(/on node node-1.*forgotten there, too, with --local/);
    await fixture.registry.release({ poolId, by: 'operator' }, signal);
    fixture.clock.wake();
    expect(await untilOpen(second)).toBe(poolId);
  });

  it('that all nodes reach are made anew once the cluster has forgotten them, and no node has to', async () => {
    const pool = { ...(await createDirectory()), isShared: true };
    const first = await fixture.openAsNode([pool]);
    await first.admission.admit(NEW, signal);
    const poolId = await untilOpen(first);
    await first.close();
    await rename(pool.path, `${pool.path}-away`);
    await mkdir(pool.path);

    const second = await fixture.openAsNode([pool]);

    expect(waits(second)).toBe(true);
    await second.admission.admit({ ...NEW, knownPoolId: poolId }, signal);
    await expect
      .poll(() => getSentence(second))
      .toContain(`run "stowage pools forget ${poolId}" on a controller, and it is made`);
    expect(await readdir(pool.path)).toEqual([]);
    await expect.poll(() => (fixture.clock.wake(), waits(second))).toBe(true);
    await second.admission.admit(NEW, signal);
    expect(await untilOpen(second)).not.toBe(poolId);
  });

  it('wait when their file holds something else, which is left as it is', async () => {
    const text = 'the only copy of my thesis';
    await writeFile(image, text);
    const stores = await fixture.openAsNode([await createFile()]);

    expect(waits(stores)).toBe(true);
    expect((await stat(image)).size).toBe(text.length);
    expect(await listLoopsBelow(fixture.scratch.path)).toEqual([]);
  });

  it('that nobody has configured cannot be admitted', async () => {
    const stores = await fixture.openAsNode([await createDirectory()]);

    await expect(stores.admission.admit({ ...NEW, poolName: 'tape' }, signal)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});
