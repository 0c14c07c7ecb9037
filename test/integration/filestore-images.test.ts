import { execFile } from 'node:child_process';
import { mkdir, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CreateVolumeRequest } from '../../src/filestore/file-store.ts';
import { MiB, toRequest, untilDone } from '../contract/file-store.ts';
import { type LocalStoreFixture, makeLocalStore } from '../contract/file-store-local.ts';
import { skipsRootTests } from '../support/scratch.ts';

const exec = promisify(execFile);
const signal = AbortSignal.timeout(600_000);

/** A range that starts at so many MiB. */
function sized(mebibytes: number) {
  return { requiredBytes: mebibytes * MiB, limitBytes: undefined };
}

describe.skipIf(skipsRootTests())('images', () => {
  let fixture: LocalStoreFixture;
  let undo = new AsyncDisposableStack();
  afterEach(async () => {
    await undo.disposeAsync();
    undo = new AsyncDisposableStack();
  });
  afterAll(async () => {
    await fixture?.[Symbol.asyncDispose]();
  });

  const create = async (name: string, changes: Partial<CreateVolumeRequest> = {}) => {
    const request = toRequest(name, { layout: 'image', ...changes });
    const volume = await untilDone(() => fixture.store.createVolume(request, signal));
    const { path } = await fixture.store.locate({ id: volume.id }, signal);
    return { id: volume.id, volume, path };
  };

  const attach = async (file: string): Promise<string> => {
    const { device } = await fixture.host.loops.ensure(
      { file, readOnly: false, sectorSizeBytes: 512 },
      signal,
    );
    undo.defer(() => fixture.host.loops.detachAll(file, signal));
    return device;
  };

  const mount = async (device: string, name: string): Promise<string> => {
    const target = join(fixture.scratch.path, '..', name);
    await mkdir(target, { recursive: true });
    const options = { source: device, target, fsType: 'ext4', readOnly: false, options: [] };
    await fixture.host.mounts.mount(options, signal);
    undo.defer(() => fixture.host.mounts.unmount(target, signal));
    return target;
  };

  describe('on a file system that clones', () => {
    beforeAll(async () => {
      fixture = await makeLocalStore({ type: 'xfs', sizeBytes: 1024 * MiB });
    });

    it('says so', () => {
      expect(fixture.store.abilities).toEqual({
        quota: 'none',
        quotaIsHard: false,
        imageCopying: 'instant',
        treeCopying: 'reflink',
        fsType: 'xfs',
      });
    });

    it('are what auto takes, and block what is asked without a limit', async () => {
      const { volume } = await create('auto', { layout: 'auto' });

      expect(volume.kept).toMatchObject({
        layout: 'image',
        fsType: 'ext4',
        sectorSizeBytes: 512,
        identityPending: false,
      });
      await expect(
        fixture.store.createVolume(toRequest('limited', { layout: 'directory' }), signal),
      ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('quota: none') });
    });

    it('leave room for every clone to become another, whatever else is in the pool', async () => {
      const before = await fixture.store.getRoom(signal);
      const original = await create('crowded', { accessType: 'block', range: sized(100) });
      await writeFile(original.path, Buffer.alloc(100 * MiB, 1), { flag: 'r+', flush: true });
      const source = { kind: 'volume', id: original.id } as const;
      const clones = [original];
      for (const name of ['clone-1', 'clone-2', 'clone-3'])
        clones.push(await create(name, { accessType: 'block', range: undefined, source }));
      const foreign = join(fixture.paths.root, 'foreign');
      await writeFile(foreign, Buffer.alloc(200 * MiB, 2), { flush: true });

      const store = await fixture.reopen();
      const { availableBytes } = await fixture.host.syscalls.statfs({ path: fixture.paths.root }, signal);
      const room = await store.getRoom(signal);
      expect(room.availableBytes).toBeLessThanOrEqual(availableBytes - 300 * MiB);
      expect(room.availableBytes).toBeGreaterThan(availableBytes - 350 * MiB);

      await rm(foreign);
      for (const { id } of clones) await store.deleteVolume({ id }, signal);
      await expect
        .poll(async () => (await store.getRoom(signal)).availableBytes, { timeout: 20_000 })
        .toBeGreaterThan(before.availableBytes - MiB);
    });

    describe('whose expansion was cut short', () => {
      /** The file has 64 MiB, its record 32. */
      const cutShort = async (name: string) => {
        const made = await create(name, { accessType: 'block', range: sized(32) });
        const onStep = (step: string): void => {
          if (step === 'grown') throw new Error('killed');
        };
        const dying = await fixture.reopen({ onStep });
        await expect(dying.expandVolume({ id: made.id, range: sized(64) }, signal)).rejects.toThrow('killed');
        await fixture.reopen();
        return made;
      };

      it('get what their file has by the next expansion, even by a smaller one', async () => {
        const { id } = await cutShort('cut-short');
        const limited = { requiredBytes: 40 * MiB, limitBytes: 48 * MiB };

        await expect(fixture.store.expandVolume({ id, range: limited }, signal)).rejects.toMatchObject({
          code: 'SIZE_OUT_OF_RANGE',
        });
        const { capacityBytes } = await fixture.store.expandVolume({ id, range: sized(40) }, signal);

        expect(capacityBytes).toBe(64 * MiB);
      });

      it('are as large in copies and snapshots as their file is', async () => {
        const { id } = await cutShort('cut-short-source');

        const snapshot = await fixture.store.createSnapshot({ name: 'of-cut', sourceVolumeId: id }, signal);
        const source = { kind: 'volume', id } as const;
        const copy = await create('copy-of-cut', { accessType: 'block', range: undefined, source });

        expect(snapshot.sizeBytes).toBe(64 * MiB);
        expect(copy.volume.capacityBytes).toBe(64 * MiB);
      });
    });

    it('are never smaller in their record than in their copied file', async () => {
      const { id } = await create('growing', { accessType: 'block', range: sized(32) });
      const onStep = async (step: string): Promise<void> => {
        if (step === 'staged') await fixture.store.expandVolume({ id, range: sized(64) }, signal);
      };
      await fixture.reopen({ onStep });

      const snapshot = await fixture.store.createSnapshot({ name: 'of-growing', sourceVolumeId: id }, signal);
      expect(snapshot.sizeBytes).toBe(64 * MiB);
      const grow = async (step: string): Promise<void> => {
        if (step === 'staged') await fixture.store.expandVolume({ id, range: sized(96) }, signal);
      };
      await fixture.reopen({ onStep: grow });
      const copy = toRequest('of-growing', {
        layout: 'image',
        accessType: 'block',
        range: sized(64),
        source: { kind: 'volume', id },
      });
      await expect(fixture.store.createVolume(copy, signal)).rejects.toMatchObject({
        code: 'OPERATION_PENDING',
      });
      await fixture.reopen();
    });

    it('are frozen for their snapshots while they are mounted', async () => {
      const { id, path } = await create('mounted');
      const device = await attach(path);
      await exec('mkfs.ext4', ['-q', device]);
      const target = await mount(device, 'mounted');
      await writeFile(join(target, 'file'), 'written, not synced');

      const snapshot = await fixture.store.createSnapshot({ name: 'frozen', sourceVolumeId: id }, signal);

      expect(snapshot.consistency).toBe('frozen');
      await writeFile(join(target, 'file'), 'changed');
      const restored = await create('from-frozen', { source: { kind: 'snapshot', id: snapshot.id } });
      expect(restored.volume.kept).toMatchObject({ identityPending: true });
      const copy = await mount(await attach(restored.path), 'restored');
      expect(await readFile(join(copy, 'file'), 'utf8')).toBe('written, not synced');
    });

    it('are as after a power cut in snapshots of an attached device', async () => {
      const { id, path } = await create('raw', { accessType: 'block' });
      const device = await attach(path);
      await writeFile(device, 'in the cache of the device', { flag: 'r+' });

      const snapshot = await fixture.store.createSnapshot({ name: 'crash', sourceVolumeId: id }, signal);

      expect(snapshot.consistency).toBe('crash');
      const source = { kind: 'snapshot', id: snapshot.id } as const;
      const restored = await create('from-crash', { accessType: 'block', source });
      expect((await readFile(restored.path)).toString('utf8', 0, 26)).toBe('in the cache of the device');
      expect(restored.volume.kept).toMatchObject({ identityPending: false });
    });

    it('are not deleted while a device or a mount shows them', async () => {
      const { id, path } = await create('used');
      const device = await attach(path);
      await expect(fixture.store.deleteVolume({ id }, signal)).rejects.toMatchObject({
        code: 'VOLUME_IN_USE',
        message: expect.stringContaining(device),
      });
      await exec('mkfs.ext4', ['-q', device]);
      const target = await mount(device, 'used');
      await expect(fixture.store.deleteVolume({ id }, signal)).rejects.toMatchObject({
        code: 'VOLUME_IN_USE',
        message: expect.stringContaining(target),
      });

      await undo.disposeAsync();
      await fixture.store.deleteVolume({ id }, signal);
      await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('have all their blocks when preallocated, clones and growth included', async () => {
      const { id, path } = await create('full', { preallocate: true });
      const clone = await create('full-clone', { preallocate: true, source: { kind: 'volume', id } });
      await fixture.store.expandVolume(
        { id, range: { requiredBytes: 32 * MiB, limitBytes: undefined } },
        signal,
      );

      expect((await stat(path)).blocks * 512).toBe(32 * MiB);
      expect((await stat(clone.path)).blocks * 512).toBe(16 * MiB);
      expect((await fixture.store.getUsage({ id }, signal)).usedBytes).toBe(32 * MiB);
    });

    it('get the size that is asked when they are restored larger', async () => {
      const { id } = await create('small');
      const range = { requiredBytes: 48 * MiB, limitBytes: undefined };
      const larger = await create('enlarged', { source: { kind: 'volume', id }, range });

      expect((await stat(larger.path)).size).toBe(48 * MiB);
    });

    it('keep the identity to be renewed until it is', async () => {
      const { id } = await create('original');
      const clone = await create('identity', { source: { kind: 'volume', id } });
      await fixture.store.markIdentityRenewed({ id: clone.id }, signal);
      await fixture.store.markIdentityRenewed({ id: clone.id }, signal);

      const store = await fixture.reopen();
      expect((await store.findVolume({ id: clone.id }, signal))?.kept).toMatchObject({
        identityPending: false,
      });
    });

    it.each([
      ['gone', (path: string) => rm(path), 'ContentMissing'],
      ['shorter than it should be', (path: string) => truncate(path, MiB), 'ImageTruncated'],
    ] as const)('are reported lost when the file is %s', async (name, damage, reason) => {
      const { id, path } = await create(name);
      await damage(path);

      expect(await fixture.store.getVolumeHealth({ id }, signal)).toEqual([
        { status: 'DATA_LOSS', reason, message: expect.any(String) },
      ]);
    });
  });

  describe('on a file system that does not clone', () => {
    beforeAll(async () => {
      await fixture?.[Symbol.asyncDispose]();
      fixture = await makeLocalStore({ type: 'ext4', sizeBytes: 1024 * MiB });
    });

    it('are copied with their holes', async () => {
      const { id, path } = await create('holes', {
        range: { requiredBytes: 64 * MiB, limitBytes: undefined },
      });
      {
        await using file = await open(path, 'r+');
        await file.write(Buffer.alloc(MiB, 7), 0, MiB, 20 * MiB);
        await file.write('end', 64 * MiB - 3);
        await file.sync();
      }
      const clone = await create('holes-copy', { source: { kind: 'volume', id }, range: undefined });

      expect((await readFile(clone.path)).equals(await readFile(path))).toBe(true);
      expect((await stat(clone.path)).blocks * 512).toBeLessThan(2 * MiB);
    });

    it('are not copied while they are in use', async () => {
      const { id, path } = await create('busy');
      await attach(path);

      await expect(
        fixture.store.createSnapshot({ name: 'of-busy', sourceVolumeId: id }, signal),
      ).rejects.toMatchObject({ code: 'PRECONDITION_FAILED', message: expect.stringContaining(id) });
    });

    it('are a job that callers join, and that shows nothing before its end', async () => {
      const { id } = await create('slow');
      const gate = Promise.withResolvers<void>();
      const onStep = async (step: string): Promise<void> => {
        if (step === 'staged') await gate.promise;
      };
      const store = await fixture.reopen({ answerWithinMs: 20, onStep });
      const request = toRequest('slow-clone', { layout: 'image', source: { kind: 'volume', id } });

      for (let attempt = 0; attempt < 2; attempt += 1) {
        await expect(store.createVolume(request, signal)).rejects.toMatchObject({
          code: 'OPERATION_PENDING',
        });
      }
      const differing = { ...request, preallocate: true };
      await expect(store.createVolume(differing, signal)).rejects.toMatchObject({
        code: 'OPERATION_PENDING',
      });
      expect(await store.findVolumeByName({ name: 'slow-clone' }, signal)).toBeUndefined();
      await expect(store.locate({ id }, signal)).rejects.toMatchObject({ code: 'OPERATION_PENDING' });
      await expect(store.deleteVolume({ id }, signal)).rejects.toMatchObject({ code: 'OPERATION_PENDING' });
      gate.resolve();

      const clone = await untilDone(() => store.createVolume(request, signal));
      expect(await store.findVolumeByName({ name: 'slow-clone' }, signal)).toEqual(clone);
      await store.deleteVolume({ id }, signal);
    });
  });
});
