import { execFile } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeyedLock } from '../../src/base/keyed-lock.ts';
import type { CreateVolumeRequest } from '../../src/filestore/file-store.ts';
import { toStagingName } from '../../src/filestore/staging-names.ts';
import { createPlainQuota } from '../../src/host/quotas/index.ts';
import { MiB, toRequest } from '../contract/file-store.ts';
import { type LocalStoreFixture, makeLocalStore } from '../contract/file-store-local.ts';
import { skipsRootTests } from '../support/scratch.ts';

const exec = promisify(execFile);
/** Node.js has no name for it. */
const EDQUOT = 122;
const signal = AbortSignal.timeout(600_000);

/** Tells when somebody has to wait for a key. */
class AudibleLock extends KeyedLock {
  readonly #listeners = new Map<string, () => void>();
  readonly #held = new Set<string>();

  override async acquire(key: string, own: AbortSignal): Promise<Disposable> {
    if (this.#held.has(key)) this.#listeners.get(key)?.();
    const lock = await super.acquire(key, own);
    this.#held.add(key);
    return lock;
  }

  isWaitedFor(key: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#listeners.set(key, resolve);
    return promise;
  }
}

describe.skipIf(skipsRootTests())('directories', () => {
  let fixture: LocalStoreFixture;
  afterAll(async () => {
    await fixture?.[Symbol.asyncDispose]();
  });

  const create = async (name: string, changes: Partial<CreateVolumeRequest> = {}) => {
    const volume = await fixture.store.createVolume(toRequest(name, changes), signal);
    const { path } = await fixture.store.locate({ id: volume.id }, signal);
    return { id: volume.id, volume, path };
  };

  const bind = async (source: string, name: string): Promise<AsyncDisposable> => {
    const target = join(fixture.scratch.path, '..', name);
    await mkdir(target, { recursive: true });
    await fixture.host.mounts.bind({ source, target, readOnly: false, options: [] }, signal);
    return { [Symbol.asyncDispose]: () => fixture.host.mounts.unmount(target, signal) };
  };

  describe('on btrfs', () => {
    beforeAll(async () => {
      fixture = await makeLocalStore({ type: 'btrfs', sizeBytes: 1024 * MiB });
    });

    it('are what auto takes, whatever file system the provisioner names', async () => {
      const { volume } = await create('auto', { fsType: 'ext4' });
      const strict = await create('strict', { fsType: 'ext4', isolation: 'strict' });

      expect(volume.kept).toEqual({ layout: 'directory', quota: 'qgroup' });
      expect(strict.volume.kept).toMatchObject({ layout: 'image', fsType: 'ext4' });
    });

    it('hold their limit against root, before and after growth', async () => {
      const { id, path } = await create('limited');
      await expect(
        writeFile(join(path, 'big'), Buffer.alloc(24 * MiB, 1), { flush: true }),
      ).rejects.toMatchObject({
        errno: -EDQUOT,
      });
      expect(await fixture.store.getVolumeHealth({ id }, signal)).toMatchObject([{ reason: 'QuotaReached' }]);

      await fixture.store.expandVolume(
        { id, range: { requiredBytes: 40 * MiB, limitBytes: undefined } },
        signal,
      );
      await writeFile(join(path, 'big'), Buffer.alloc(24 * MiB, 1), { flush: true });
      expect((await fixture.store.getUsage({ id }, signal)).usedBytes).toBeGreaterThan(20 * MiB);
    });

    it('keep what an expansion gave them when they are examined in the middle of it', async () => {
      const { id } = await create('examined');
      const locks = new AudibleLock();
      let health: Promise<unknown> = Promise.resolve();
      const onStep = async (step: string): Promise<void> => {
        if (step !== 'grown') return;
        const waited = locks.isWaitedFor(`record:${id}`);
        health = fixture.store.getVolumeHealth({ id }, signal);
        await Promise.race([health, waited]);
      };
      await fixture.reopen({ locks, onStep });

      const range = { requiredBytes: 40 * MiB, limitBytes: undefined };
      await fixture.store.expandVolume({ id, range }, signal);

      expect(await health).toEqual([]);
      const { path } = await fixture.store.locate({ id }, signal);
      expect(await fixture.host.syscalls.getQgroup({ path }, signal)).toMatchObject({
        limitBytes: 40 * MiB,
      });
      await fixture.reopen();
    });

    it('have no limit when the class says so in words', async () => {
      const { id, path, volume } = await create('unlimited', { quota: 'none' });
      await writeFile(join(path, 'big'), Buffer.alloc(24 * MiB, 1), { flush: true });

      expect(volume.kept).toEqual({ layout: 'directory', quota: 'qgroup', unlimited: true });
      expect(await fixture.store.getVolumeHealth({ id }, signal)).toEqual([]);
    });

    it.each([
      [
        { uid: undefined, gid: undefined, mode: undefined },
        { uid: 0, gid: 0, mode: 0o750 },
      ],
      [
        { uid: 1000, gid: 2000, mode: 0o2770 },
        { uid: 1000, gid: 2000, mode: 0o2770 },
      ],
      [
        { uid: undefined, gid: 2000, mode: undefined },
        { uid: 0, gid: 2000, mode: 0o750 },
      ],
    ])('with owner %j have %j', async (owner, expected) => {
      const { path, id } = await create('owned', { owner });
      const { uid, gid, mode } = await stat(path);

      expect({ uid, gid, mode: mode & 0o7777 }).toEqual(expected);
      await fixture.store.deleteVolume({ id }, signal);
    });

    it('are snapshot in an instant, in use as after a power cut', async () => {
      const { id, path } = await create('used');
      await writeFile(join(path, 'file'), 'before');
      await using _use = await bind(path, 'used');

      const snapshot = await fixture.store.createSnapshot({ name: 'in-use', sourceVolumeId: id }, signal);
      await writeFile(join(path, 'file'), 'after');

      expect(snapshot.consistency).toBe('crash');
      const restored = await create('restored', { source: { kind: 'snapshot', id: snapshot.id } });
      expect(await readFile(join(restored.path, 'file'), 'utf8')).toBe('before');
      await writeFile(join(restored.path, 'file'), 'writable again');
      await expect(fixture.store.deleteVolume({ id }, signal)).rejects.toMatchObject({
        code: 'VOLUME_IN_USE',
        message: expect.stringContaining('mounted at'),
      });
    });

    it('with subvolumes of their own are not snapshot, but reported and deleted', async () => {
      const { id, path } = await create('nested');
      await exec('btrfs', ['subvolume', 'create', join(path, 'own')]);

      await expect(
        fixture.store.createSnapshot({ name: 'of-nested', sourceVolumeId: id }, signal),
      ).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      expect(await fixture.store.getVolumeHealth({ id }, signal)).toMatchObject([{ reason: 'LimitNotHeld' }]);
      await fixture.store.deleteVolume({ id }, signal);
      await expect.poll(() => readdir(fixture.paths.trash), { timeout: 20_000 }).toEqual([]);
    });

    it.each([
      ['names that are no text', `btrfs subvolume create $'\\xff\\xfe'`],
      [
        'a path that is too long for a call',
        'for i in {1..20}; do mkdir $(printf "%0250d"); cd -P $(printf "%0250d"); done; btrfs subvolume create own',
      ],
      [
        'others in them, read-only',
        'btrfs subvolume create own && btrfs subvolume create own/inner && btrfs property set own ro true',
      ],
    ])('are deleted when they have subvolumes with %s', async (_, script) => {
      const { id, path } = await create('nasty');
      await exec('bash', ['-ec', script], { cwd: path });

      expect(await fixture.store.getVolumeHealth({ id }, signal)).toMatchObject([{ reason: 'LimitNotHeld' }]);
      await fixture.store.deleteVolume({ id }, signal);

      await expect.poll(() => readdir(fixture.paths.trash), { timeout: 20_000 }).toEqual([]);
    });

    it('are deleted, but not expanded, when their pool has lost its quotas meanwhile', async () => {
      const { id, path } = await create('without-quota');
      await writeFile(join(path, 'file'), 'text');
      const snapshot = await fixture.store.createSnapshot({ name: 'frozen', sourceVolumeId: id }, signal);
      const quota = createPlainQuota(fixture.host, { copying: 'reflink' });
      const store = await fixture.reopen({ quota });

      await expect(
        store.expandVolume({ id, range: { requiredBytes: 40 * MiB, limitBytes: undefined } }, signal),
      ).rejects.toMatchObject({ code: 'PRECONDITION_FAILED', message: expect.stringContaining('qgroup') });
      await store.deleteSnapshot({ id: snapshot.id }, signal);
      await store.deleteVolume({ id }, signal);

      await expect.poll(() => readdir(fixture.paths.trash), { timeout: 20_000 }).toEqual([]);
      await fixture.reopen();
    });

    it('that were left half made under another name are swept, subvolumes included', async () => {
      const trial = join(fixture.paths.staging, 'quota-trial-abc');
      await mkdir(trial);
      await utimes(trial, 0, 0);
      const [limited, frozen] = [join(trial, 'limited'), join(trial, 'frozen')];
      await fixture.host.syscalls.createSubvolume({ path: limited }, signal);
      await writeFile(join(limited, 'file'), 'text');
      const snapshot = { source: limited, target: frozen, readOnly: true };
      await fixture.host.syscalls.snapshotSubvolume(snapshot, signal);
      await utimes(trial, 0, 0);

      await fixture.reopen();

      expect(await readdir(fixture.paths.staging)).toEqual([]);
      await expect.poll(() => readdir(fixture.paths.trash), { timeout: 20_000 }).toEqual([]);
    });

    it('can be found by their claims, for people', async () => {
      const claim = { namespace: 'shop', name: 'data' };
      const { id, path } = await create('claimed', { claim });
      const link = join(fixture.paths.byClaim, 'shop', 'data');

      expect(join(link, '..', await readlink(link), 'data')).toBe(path);
      await fixture.store.deleteVolume({ id }, signal);
      await expect(lstat(link)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('leave nothing of a trial of the quotas that was killed', async () => {
      const trial = join(fixture.paths.staging, toStagingName('volume', 'node-1'));
      await mkdir(join(trial, 'from'), { recursive: true });
      const path = join(trial, 'data');
      await fixture.host.syscalls.createSubvolume({ path }, signal);
      await fixture.host.syscalls.setQgroupLimit({ path, limitBytes: MiB }, signal);
      await writeFile(join(path, 'file'), 'x');

      await fixture.reopen();

      await expect.poll(() => readdir(fixture.paths.staging), { timeout: 20_000 }).toEqual([]);
      await expect.poll(() => readdir(fixture.paths.trash), { timeout: 20_000 }).toEqual([]);
    });

    it('get the link of their claim when they are asked for again, but take it from nobody', async () => {
      const claim = { namespace: 'shop', name: 'again' };
      const { id, path } = await create('again', { claim });
      const link = join(fixture.paths.byClaim, 'shop', 'again');
      await rm(link);

      await create('again', { claim });
      expect(join(link, '..', await readlink(link), 'data')).toBe(path);
      const successor = await create('successor', { claim });
      await create('again', { claim });
      expect(join(link, '..', await readlink(link), 'data')).toBe(successor.path);

      for (const each of [id, successor.id]) await fixture.store.deleteVolume({ id: each }, signal);
    });

    it('agree with their claims again after a power cut, which may lose what became of a link', async () => {
      const kept = await create('kept', { claim: { namespace: 'shop', name: 'kept' } });
      const gone = await create('gone', { claim: { namespace: 'shop', name: 'gone' } });
      const [keptLink, goneLink] = ['kept', 'gone'].map((name) => join(fixture.paths.byClaim, 'shop', name));
      const target = await readlink(goneLink ?? '');
      await fixture.store.deleteVolume({ id: gone.id }, signal);
      await symlink(target, goneLink ?? '');
      await rm(keptLink ?? '');

      await fixture.reopen();

      await expect
        .poll(() => readdir(join(fixture.paths.byClaim, 'shop')), { timeout: 20_000 })
        .toEqual(['kept']);
      await fixture.store.deleteVolume({ id: kept.id }, signal);
    });

    it.each([
      { namespace: '..', name: 'x' },
      { namespace: 'shop', name: '../../../x' },
      { namespace: 'a/b', name: 'x' },
      { namespace: '', name: '' },
      { namespace: 'shop', name: '.stowage' },
    ])('make no link for the claim %j', async (claim) => {
      const before = await readdir(fixture.paths.byClaim, { recursive: true });
      const { id } = await create('evil', { claim });

      expect(await readdir(fixture.paths.byClaim, { recursive: true })).toEqual(before);
      await fixture.store.deleteVolume({ id }, signal);
    });

    it('keep everybody but root out above the data', async () => {
      for (const path of [fixture.paths.volumes, fixture.paths.snapshots, fixture.paths.control]) {
        expect((await stat(path)).mode & 0o777).toBe(0o700);
      }
    });

    it.each([
      ['torn', '{"id": "', /not JSON/],
      ['of a newer version', '{"formatVersion": 2}', /format 2/],
      ['of something else', '{"formatVersion": 1}', /cannot be read/],
    ])('whose record is %s are unknown, not absent', async (name, text, reason) => {
      const { id, path, volume } = await create(name);
      const other = await create('other');
      const record = join(path, '..', 'volume.json');
      const whole = await readFile(record, 'utf8');
      await writeFile(record, text);
      const store = await fixture.reopen();
      const unavailable = { code: 'POOL_UNAVAILABLE', message: expect.stringMatching(reason) };

      await expect(store.findVolume({ id }, signal)).rejects.toMatchObject(unavailable);
      await expect(store.deleteVolume({ id }, signal)).rejects.toMatchObject(unavailable);
      await expect(store.createVolume(toRequest(name), signal)).rejects.toMatchObject(unavailable);
      expect(await store.findVolume({ id: other.id }, signal)).toEqual(other.volume);
      const all = { maxEntries: 0, startingToken: undefined };
      expect((await store.listVolumes(all, signal)).entries).toContainEqual(other.volume);
      expect(await store.getHealth(signal)).toMatchObject([{ reason: 'RecordUnreadable' }]);

      await writeFile(record, whole);
      expect(await store.findVolume({ id }, signal)).toEqual(volume);
      expect(await store.getHealth(signal)).toEqual([]);
    });

    it('are not called absent when their pool is gone', async () => {
      const { id } = await create('away');
      await rename(fixture.paths.root, `${fixture.paths.root}-away`);
      try {
        await mkdir(fixture.paths.root);
        const gone = { code: 'POOL_UNAVAILABLE' };
        await expect(fixture.store.findVolume({ id }, signal)).rejects.toMatchObject(gone);
        await expect(fixture.store.deleteVolume({ id }, signal)).rejects.toMatchObject(gone);
        await expect(fixture.store.createVolume(toRequest('astray'), signal)).rejects.toMatchObject(gone);
        expect(await fixture.store.getHealth(signal)).toMatchObject([{ status: 'UNREACHABLE' }]);
        expect(await readdir(fixture.paths.root)).toEqual([]);
      } finally {
        await rename(`${fixture.paths.root}-away`, fixture.paths.root);
      }
    });

    it('being built elsewhere are swept only when their lease has run out', async () => {
      const [fresh, stale] = ['volume.otherone.fresh', 'volume.otherone.stale'].map((name) =>
        join(fixture.paths.staging, name),
      );
      await mkdir(fresh ?? '');
      await mkdir(stale ?? '');
      await utimes(stale ?? '', 0, 0);
      await fixture.reopen();

      expect(await readdir(fixture.paths.staging)).toEqual(['volume.otherone.fresh']);
    });

    it('report a pool below its low-water mark', async () => {
      const { name, path } = { name: 'test', path: fixture.paths.root };
      const store = await fixture.reopen({ pool: { name, path, overcommit: 1, lowWaterPercent: 100 } });
      const { id } = await create('thirsty');

      expect(await store.getHealth(signal)).toMatchObject([{ status: 'DEGRADED', reason: 'PoolNearlyFull' }]);
      expect(await store.getVolumeHealth({ id }, signal)).toMatchObject([{ reason: 'PoolNearlyFull' }]);
    });
  });

  describe('on xfs without project quotas', () => {
    beforeAll(async () => {
      await fixture?.[Symbol.asyncDispose]();
      fixture = await makeLocalStore({ type: 'xfs', sizeBytes: 512 * MiB });
    });

    it('are copied file by file, and say so when they were in use', async () => {
      const { id, path } = await create('used', { quota: 'none' });
      await writeFile(join(path, 'file'), 'before', { flush: true });
      await chmod(path, 0o700);
      await using _use = await bind(path, 'used');

      const snapshot = await fixture.store.createSnapshot({ name: 'in-use', sourceVolumeId: id }, signal);

      expect(snapshot.consistency).toBe('per-file');
      const source = { kind: 'snapshot', id: snapshot.id } as const;
      const restored = await create('restored', { quota: 'none', source });
      expect(await readFile(join(restored.path, 'file'), 'utf8')).toBe('before');
      expect((await stat(restored.path)).mode & 0o777).toBe(0o700);
    });
  });
});
