import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findStoreOfObject } from '../../src/backends/file/stores.ts';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { KeyedLock } from '../../src/base/keyed-lock.ts';
import type { FileStore } from '../../src/filestore/file-store.ts';
import type { PoolBacking } from '../../src/filestore/pool/pool-backing.ts';
import { createHost } from '../../src/host/create-host.ts';
import { createFilesystems } from '../../src/host/filesystems/index.ts';
import { createFormatter } from '../../src/host/formatter.ts';
import type { Host } from '../../src/host/host.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createFileRegistry } from '../../src/pools/file-registry.ts';
import { LocalStores } from '../../src/pools/local-stores.ts';
import type { ConfiguredPool } from '../../src/pools/open-pool.ts';
import { MiB, toRequest } from '../contract/file-store.ts';
import {
  listLoopsBelow,
  makeImage,
  makeScratchDirectory,
  makeScratchFilesystem,
  type ScratchDirectory,
  skipsRootTests,
} from '../support/scratch.ts';

const exec = promisify(execFile);
const signal = AbortSignal.timeout(600_000);
const POOL_BYTES = 320 * MiB;

/** Time that stands still, until a test lets the sleepers go. */
function createManualClock(): Clock & { wake(): void } {
  let sleepers: (() => void)[] = [];
  return {
    now: () => systemClock.now(),
    async sleep(_ms, aborting) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      sleepers.push(resolve);
      aborting.addEventListener('abort', () => reject(aborting.reason), { once: true });
      await promise;
    },
    wake() {
      for (const sleeper of sleepers.splice(0)) sleeper();
      sleepers = [];
    },
  };
}

describe.skipIf(skipsRootTests())('pools', () => {
  let scratch: ScratchDirectory;
  let host: Host;
  let clock: ReturnType<typeof createManualClock>;
  let opened: LocalStores[];

  beforeEach(async () => {
    scratch = await makeScratchDirectory();
    clock = createManualClock();
    host = createHost({ logger: silentLogger, clock: systemClock, runDirectory: join(scratch.path, 'run') });
    opened = [];
  });
  afterEach(async () => {
    await Promise.all(opened.map((stores) => stores.close()));
    await host.close();
    await scratch[Symbol.asyncDispose]();
  });

  function createPool(name: string, backing: PoolBacking): ConfiguredPool {
    return { name, path: join(scratch.path, name), backing, overcommit: 1, lowWaterPercent: 5 };
  }

  function createFileBacked(size = POOL_BYTES, sparse = false): ConfiguredPool {
    return createPool('pool', { type: 'file', path: join(scratch.path, 'pool.img'), size, sparse });
  }

  async function open(pools: readonly ConfiguredPool[], clusterId = 'cluster'): Promise<LocalStores> {
    const filesystems = createFilesystems(host);
    const stores = new LocalStores({
      pools,
      host,
      formatter: createFormatter({ filesystems, syscalls: host.syscalls, logger: silentLogger }),
      registry: createFileRegistry({ stateDirectory: join(scratch.path, 'state'), clock }),
      clusterId,
      nodeName: 'node-1',
      locks: new KeyedLock(),
      clock,
      logger: silentLogger,
    });
    opened.push(stores);
    await stores.open(signal);
    return stores;
  }

  /** As a reboot does: closed, unmounted, detached. */
  async function reboot(stores: LocalStores, pool: ConfiguredPool): Promise<void> {
    await stores.close();
    await host.mounts.unmount(pool.path, signal);
    if (pool.backing.type === 'file') await host.loops.detachAll(pool.backing.path, signal);
  }

  function getStore(stores: LocalStores, name = 'pool') {
    const state = stores.list().find((entry) => entry.poolName === name)?.state;
    if (state === undefined || !('store' in state)) throw new Error(JSON.stringify(state));
    return state.store;
  }

  function getSentence(stores: LocalStores, name = 'pool'): string {
    const state = stores.list().find((entry) => entry.poolName === name)?.state;
    if (state === undefined || !('unavailable' in state)) throw new Error(`${name} is open`);
    return state.unavailable;
  }

  describe('in a file', () => {
    it('are made, preallocated, with an xfs that clones, and closed to others', async () => {
      const pool = createFileBacked();
      const store = getStore(await open([pool]));

      expect(store.abilities).toMatchObject({ fsType: 'xfs', imageCopying: 'instant' });
      expect((await stat(join(scratch.path, 'pool.img'))).blocks * 512).toBeGreaterThanOrEqual(POOL_BYTES);
      expect((await stat(pool.path)).mode & 0o777).toBe(0o700);
      expect((await store.getRoom(signal)).availableBytes).toBeGreaterThan(200 * MiB);
    });

    it('take no room in advance when they are sparse', async () => {
      await open([createFileBacked(POOL_BYTES, true)]);

      expect((await stat(join(scratch.path, 'pool.img'))).blocks * 512).toBeLessThan(POOL_BYTES / 2);
    });

    it('are the same after a restart and after a reboot', async () => {
      const pool = createFileBacked();
      const first = await open([pool]);
      const request = toRequest('v', { layout: 'image', fsType: 'ext4' });
      const volume = await getStore(first).createVolume(request, signal);

      await first.close();
      const second = await open([pool]);
      expect(await getStore(second).findVolume({ id: volume.id }, signal)).toEqual(volume);
      expect(await listLoopsBelow(scratch.path)).toHaveLength(1);
      await reboot(second, pool);
      const third = await open([pool]);
      expect(await getStore(third).findVolume({ id: volume.id }, signal)).toEqual(volume);
    });

    it('grow while they are in use, and refuse to shrink', async () => {
      const first = await open([createFileBacked()]);
      const before = await getStore(first).getRoom(signal);
      await first.close();

      const second = await open([createFileBacked(POOL_BYTES + 64 * MiB)]);
      const after = await getStore(second).getRoom(signal);
      expect(after.totalBytes - before.totalBytes).toBeGreaterThan(56 * MiB);
      await second.close();
      const third = await open([createFileBacked()]);
      expect(getSentence(third)).toMatch(/cannot shrink.*Set its size back to/);
    });

    it('leave nothing behind when the disk below is too small', async () => {
      await using small = await makeScratchFilesystem({ type: 'ext4', sizeBytes: 64 * MiB });
      const path = join(small.path, 'pool.img');
      const stores = await open([
        createPool('pool', { type: 'file', path, size: POOL_BYTES, sparse: false }),
      ]);

      expect(getSentence(stores)).toMatch(/no room for 335544320 bytes/);
      expect(await readdir(small.path)).toEqual(['lost+found']);
      await stores.close();
    });

    it('refuse a size that xfs cannot have', async () => {
      expect(getSentence(await open([createFileBacked(64 * MiB)]))).toMatch(/needs at least \d+/);
      expect(await readdir(scratch.path)).not.toContain('pool.img');
    });

    it('are not made anew when the file of a known pool is missing', async () => {
      const pool = createFileBacked();
      await reboot(await open([pool]), pool);
      await rename(join(scratch.path, 'pool.img'), join(scratch.path, 'elsewhere.img'));

      expect(getSentence(await open([pool]))).toMatch(/is missing: is the disk that it lies on mounted/);
      expect(await readdir(scratch.path)).not.toContain('pool.img');
    });

    it.each([
      ['a text', async (path: string) => await writeFile(path, 'the only copy of my thesis'), /too small/],
      [
        'an ext4',
        async (path: string) => await makeImage(path, { type: 'ext4', sizeBytes: POOL_BYTES }),
        /ext4/,
      ],
    ] as const)('never format, or enlarge, a file that holds %s', async (_, make, reason) => {
      const path = join(scratch.path, 'pool.img');
      await make(path);
      const before = createHash('sha256')
        .update(await readFile(path))
        .digest('hex');

      expect(getSentence(await open([createFileBacked(POOL_BYTES + 64 * MiB)]))).toMatch(reason);
      expect(
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      ).toBe(before);
      expect(await listLoopsBelow(scratch.path)).toEqual([]);
    });

    it('are not taken for what else is mounted at their path', async () => {
      const pool = createFileBacked();
      await mkdir(pool.path);
      const tmpfs = { source: 'none', target: pool.path, fsType: 'tmpfs', readOnly: false, options: [] };
      await host.mounts.mount(tmpfs, signal);

      expect(getSentence(await open([pool]))).toMatch(/Something else is mounted at .* \(tmpfs/);
    });
  });

  describe('on a device', () => {
    async function attachDisk(): Promise<string> {
      const file = join(scratch.path, 'disk');
      await exec('truncate', ['-s', String(POOL_BYTES), file]);
      return (await host.loops.ensure({ file, readOnly: false, sectorSizeBytes: 512 }, signal)).device;
    }

    it('are made on a blank one, found again after a reboot, and never made twice', async () => {
      const pool = createPool('pool', { type: 'device', device: await attachDisk() });
      const first = await open([pool]);
      const { poolId } = getStore(first);
      await reboot(first, pool);

      const second = await open([pool]);
      expect(getStore(second).poolId).toBe(poolId);
      await reboot(second, pool);
      await exec('dd', [
        'if=/dev/zero',
        `of=${join(scratch.path, 'disk')}`,
        'bs=1M',
        'count=320',
        'conv=notrunc',
      ]);
      expect(getSentence(await open([pool]))).toMatch(/cannot be mounted/);
    });

    it('say what is missing', async () => {
      const missing = createPool('pool', { type: 'device', device: join(scratch.path, 'no-disk') });
      expect(getSentence(await open([missing]))).toMatch(/is missing.*attach the disk/);
    });
  });

  describe('in a directory', () => {
    const none = { type: 'none' } as const;

    it('leave what else is there alone', async () => {
      const pool = createPool('pool', none);
      await mkdir(pool.path);
      await writeFile(join(pool.path, 'mine'), 'text');
      getStore(await open([pool]));

      expect((await readdir(pool.path)).toSorted()).toEqual([
        '.stowage',
        'by-claim',
        'mine',
        'snapshots',
        'volumes',
      ]);
    });

    it('have to exist', async () => {
      expect(getSentence(await open([createPool('pool', none)]))).toMatch(/does not exist: make it/);
    });

    it('are not made where volumes are without a record of a pool', async () => {
      const pool = createPool('pool', none);
      await mkdir(join(pool.path, 'volumes'), { recursive: true });

      expect(getSentence(await open([pool]))).toMatch(/lost its record/);
      expect(await readdir(pool.path)).toEqual(['volumes']);
    });

    it('are not made again when a known one is empty: its disk is not mounted', async () => {
      const pool = createPool('pool', none);
      await mkdir(pool.path);
      const first = await open([pool]);
      const { poolId } = getStore(first);
      await first.close();
      await rename(pool.path, `${pool.path}-unmounted`);
      await mkdir(pool.path);

      const second = await open([pool]);
      expect(getSentence(second)).toMatch(/its disk is probably not mounted/);
      expect(second.list()[0]?.poolId).toBe(poolId);
      expect(await readdir(pool.path)).toEqual([]);

      await rm(pool.path, { recursive: true });
      await rename(`${pool.path}-unmounted`, pool.path);
      clock.wake();
      await expect.poll(() => 'store' in (second.list()[0]?.state ?? {}), { timeout: 10_000 }).toBe(true);
      expect(getStore(second).poolId).toBe(poolId);
    });

    it.each([
      ['by the next call', async (store: FileStore) => await store.getHealth(signal)],
      ['when nobody calls', async () => clock.wake()],
    ])(
      'that are gone are noticed %s, and taken up again when their disk comes back as another',
      async (_, notice) => {
        const pool = createPool('pool', none);
        await mkdir(pool.path);
        const stores = await open([pool]);
        const store = getStore(stores);
        const { poolId } = store;
        await rename(pool.path, `${pool.path}-unmounted`);
        await mkdir(pool.path);

        await notice(store);
        await expect.poll(() => 'store' in (stores.list()[0]?.state ?? {})).toBe(false);
        expect(getSentence(stores)).toMatch(/is no longer at/);
        expect(stores.list()[0]?.poolId).toBe(poolId);

        await exec('cp', ['-a', `${pool.path}-unmounted/.`, pool.path]);
        await expect
          .poll(() => (clock.wake(), 'store' in (stores.list()[0]?.state ?? {})), { timeout: 10_000 })
          .toBe(true);
        const again = getStore(stores);
        expect(again.poolId).toBe(poolId);
        expect(await again.getHealth(signal)).toEqual([]);
        await expect(store.getRoom(signal)).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
        expect(getStore(stores)).toBe(again);
      },
    );

    it('of another cluster, or with another id, are refused', async () => {
      const [pool, other] = [createPool('pool', none), createPool('other', none)];
      await mkdir(pool.path);
      await mkdir(other.path);
      await (await open([pool, other])).close();

      expect(getSentence(await open([pool], 'another'))).toMatch(/belongs to cluster cluster/);
      await copyFile(join(other.path, '.stowage/pool.json'), join(pool.path, '.stowage/pool.json'));
      expect(getSentence(await open([pool]))).toMatch(/holds pool [a-z2-7]{8}/);
    });

    it('with one id in two places are both refused', async () => {
      const [pool, copy] = [createPool('pool', none), createPool('copy', none)];
      await mkdir(pool.path);
      await (await open([pool])).close();
      await exec('cp', ['-a', pool.path, copy.path]);
      const stores = await open([pool, copy]);

      for (const name of ['pool', 'copy']) {
        await expect.poll(() => getSentence(stores, name)).toMatch(/have the same id/);
      }
    });

    it('are open in one program at a time', async () => {
      const pool = createPool('pool', none);
      await mkdir(pool.path);
      const first = await open([pool]);
      const second = await open([pool]);

      expect(getSentence(second)).toMatch(/is open in another program/);
      getStore(first);
      await first.close();
      clock.wake();
      await expect.poll(() => 'store' in (second.list()[0]?.state ?? {}), { timeout: 10_000 }).toBe(true);
    });

    it('are free again when the program that had them open is killed', async () => {
      const pool = createPool('pool', none);
      await mkdir(pool.path);
      await (await open([pool])).close();
      const holder = spawn('flock', ['--no-fork', join(pool.path, '.stowage/lock'), 'cat'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      holder.stdin.write('locked');
      await once(holder.stdout, 'data');
      const stores = await open([pool]);
      expect(getSentence(stores)).toMatch(/is open in another program/);

      holder.kill('SIGKILL');
      await once(holder, 'exit');
      clock.wake();

      await expect.poll(() => 'store' in (stores.list()[0]?.state ?? {}), { timeout: 10_000 }).toBe(true);
    });

    it('that are not configured any more have volumes that are out of reach, not gone', async () => {
      const [pool, former] = [createPool('pool', none), createPool('former', none)];
      await mkdir(pool.path);
      await mkdir(former.path);
      const first = await open([pool, former]);
      const request = toRequest('v', { layout: 'directory', quota: 'none' });
      const { id } = await getStore(first, 'former').createVolume(request, signal);
      await first.close();

      const stores = await open([pool]);

      expect(stores.list().map(({ poolName }) => poolName)).toEqual(['pool']);
      expect(() => findStoreOfObject(stores, { kind: 'volume', id })).toThrow(
        /pool former on node node-1 is not available: .* not configured any more/,
      );
      const renamed = await open([pool, { ...former, name: 'renamed' }]);
      expect(findStoreOfObject(renamed, { kind: 'volume', id })?.entry.poolName).toBe('renamed');
    });

    it('work while another cannot be opened', async () => {
      const [pool, missing] = [createPool('pool', none), createPool('missing', none)];
      await mkdir(pool.path);
      const stores = await open([missing, pool]);

      expect(getStore(stores).poolId).toMatch(/^[a-z2-7]{8}$/);
      expect(getSentence(stores, 'missing')).toContain('missing');
    });
  });
});
