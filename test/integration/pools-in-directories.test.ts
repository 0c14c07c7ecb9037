import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findStoreOfObject } from '../../src/backends/file/stores.ts';
import type { FileStore } from '../../src/filestore/file-store.ts';
import { MiB, toRequest } from '../contract/file-store.ts';
import { getSentence, getStore, makePoolsFixture, type PoolsFixture } from '../support/pools.ts';
import { makeScratchFilesystem, skipsRootTests } from '../support/scratch.ts';

const exec = promisify(execFile);
const signal = AbortSignal.timeout(600_000);

describe.skipIf(skipsRootTests())('pools in directories', () => {
  let fixture: PoolsFixture;
  let clock: PoolsFixture['clock'];
  let createPool: PoolsFixture['createPool'];
  let open: PoolsFixture['open'];
  let openAsNode: PoolsFixture['openAsNode'];

  beforeEach(async () => {
    fixture = await makePoolsFixture(signal);
    ({ clock, createPool, open, openAsNode } = fixture);
  });
  afterEach(async () => await fixture[Symbol.asyncDispose]());
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

  it('that have to be on a mount wait for it, and make nothing on the disk below', async () => {
    await using disk = await makeScratchFilesystem({ type: 'ext4', sizeBytes: 64 * MiB });
    await mkdir(join(disk.path, 'pool'));
    const mountPoint = join(fixture.scratch.path, 'bulk');
    const path = join(mountPoint, 'pool');
    await mkdir(path, { recursive: true });
    const pool = { ...createPool('pool', { type: 'none', mountPoint }), path };
    const stores = await open([pool]);
    const waiting = /No file system has its root at .*bulk, .* mount its disk/;
    expect(getSentence(stores)).toMatch(waiting);

    // What a container sees of a directory of the host that nothing is mounted at.
    await exec('mount', ['--bind', mountPoint, mountPoint]);
    const asNode = await openAsNode([pool]);
    expect(asNode.admission.list()).toEqual([]);
    const inContainer = await open([pool]);
    expect(getSentence(inContainer)).toMatch(waiting);
    expect(await readdir(path)).toEqual([]);
    // Only one of them can have it.
    await asNode.close();
    await inContainer.close();

    await exec('mount', ['--bind', disk.path, mountPoint]);
    clock.wake();
    await expect.poll(() => 'store' in (stores.list()[0]?.state ?? {})).toBe(true);
    expect(await readdir(join(disk.path, 'pool'))).toContain('.stowage');
  });

  it('that nodes share are one for all of them, also when they open it at the same moment', async () => {
    await using another = await makePoolsFixture(signal);
    const pool = { ...createPool('pool', none), isShared: true };
    await mkdir(pool.path);

    const [one, other] = (await Promise.all([open([pool]), another.open([pool])])).map((stores) =>
      getStore(stores),
    );

    expect(one?.poolId).toBe(other?.poolId);
    const volume = await one?.createVolume(toRequest('v', { quota: 'none' }), signal);
    expect(await other?.findVolumeByName({ name: 'v' }, signal)).toEqual(volume);
  });

  it('that nodes share cannot be on a disk that only one of them can mount', async () => {
    const backing = { type: 'device', device: '/dev/null' } as const;
    const pool = { ...createPool('pool', backing), isShared: true };

    expect(getSentence(await open([pool]))).toMatch(/Choose backing none/);
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
    expect(getSentence(second)).toMatch(
      /its disk is probably not mounted.*run "stowage pools forget [a-z2-7]{8} --local" with the --config/,
    );
    expect(second.list()[0]?.poolId).toBe(poolId);
    expect(await readdir(pool.path)).toEqual([]);

    await rm(pool.path, { recursive: true });
    await rename(`${pool.path}-unmounted`, pool.path);
    clock.wake();
    await expect.poll(() => 'store' in (second.list()[0]?.state ?? {})).toBe(true);
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
      await expect.poll(() => (clock.wake(), 'store' in (stores.list()[0]?.state ?? {}))).toBe(true);
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
    expect(getSentence(await open([pool]))).toMatch(
      /holds pool [a-z2-7]{8}.*pools forget [a-z2-7]{8} --local/,
    );
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
    await expect.poll(() => 'store' in (second.list()[0]?.state ?? {})).toBe(true);
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

    await expect.poll(() => 'store' in (stores.list()[0]?.state ?? {})).toBe(true);
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

  it('say once why they cannot be opened, and once that they are open', async () => {
    const { log } = fixture;
    const pool = createPool('pool', none);
    const stores = await open([pool]);
    const attempts = (): number => log.lines.filter(({ fields }) => fields['err'] !== undefined).length;
    await expect.poll(() => (clock.wake(), attempts()), { timeout: 10_000 }).toBeGreaterThan(2);

    await mkdir(pool.path);
    await expect
      .poll(() => (clock.wake(), 'store' in (stores.list()[0]?.state ?? {})), { timeout: 10_000 })
      .toBe(true);

    expect(log.say().filter((line) => / [Pp]ool /.test(line))).toEqual([
      expect.stringMatching(/^error A pool cannot be opened: .* does not exist/),
      'info Pool opened',
    ]);
  });
});
