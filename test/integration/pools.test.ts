import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../../src/host/host.ts';
import type { LocalStores } from '../../src/pools/local-stores.ts';
import type { ConfiguredPool } from '../../src/pools/open-pool.ts';
import { MiB, toRequest } from '../contract/file-store.ts';
import { getSentence, getStore, makePoolsFixture, type PoolsFixture } from '../support/pools.ts';
import { listLoopsBelow, makeImage, makeScratchFilesystem, skipsRootTests } from '../support/scratch.ts';

const exec = promisify(execFile);
const signal = AbortSignal.timeout(600_000);
const POOL_BYTES = 320 * MiB;

describe.skipIf(skipsRootTests())('pools', () => {
  let fixture: PoolsFixture;
  let scratch: PoolsFixture['scratch'];
  let host: Host;
  let createPool: PoolsFixture['createPool'];
  let open: PoolsFixture['open'];

  beforeEach(async () => {
    fixture = await makePoolsFixture(signal);
    ({ scratch, host, createPool, open } = fixture);
  });
  afterEach(async () => await fixture[Symbol.asyncDispose]());

  function createFileBacked(size = POOL_BYTES, sparse = false): ConfiguredPool {
    return createPool('pool', { type: 'file', path: join(scratch.path, 'pool.img'), size, sparse });
  }

  /** As a reboot does: closed, unmounted, detached. */
  async function reboot(stores: LocalStores, pool: ConfiguredPool): Promise<void> {
    await stores.close();
    await host.mounts.unmount(pool.path, signal);
    if (pool.backing.type === 'file') await host.loops.detachAll(pool.backing.path, signal);
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

      expect(getSentence(await open([pool]))).toMatch(
        /is missing: is the disk that it lies on mounted.*run "stowage pools forget [a-z2-7]{8} --local" with the --config/,
      );
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
      expect(getSentence(await open([pool]))).toMatch(/cannot be mounted.*If this is another disk.*--local/);
    });

    it('say what is missing, and what to do when it never comes back', async () => {
      const missing = createPool('pool', { type: 'device', device: join(scratch.path, 'no-disk') });
      expect(getSentence(await open([missing]))).toMatch(/is missing.*attach the disk.* at reboot\)\.$/);
      const pool = createPool('pool', { type: 'device', device: await attachDisk() });
      await reboot(await open([pool]), pool);

      expect(getSentence(await open([missing]))).toMatch(
        /is missing.*attach.*If it is gone for good.*--local/,
      );
    });
  });
});
