import { execFile } from 'node:child_process';
import { chown, lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AdoptVolumeRequest } from '../../src/filestore/file-store.ts';
import { MiB, toRequest, untilDone } from '../contract/file-store.ts';
import { type LocalStoreFixture, makeLocalStore } from '../contract/file-store-local.ts';
import { ADOPTED } from '../support/adopted.ts';
import { createLossyFiles } from '../support/lossy-files.ts';
import { skipsRootTests } from '../support/scratch.ts';

const exec = promisify(execFile);
const VICTIM = new URL('./filestore-victim.ts', import.meta.url).pathname;
const STEPS = [
  'noted',
  'moved',
  'moved-durably',
  'taken',
  'record-written',
  'renamed',
  'committed',
  'note-removed',
];

describe.skipIf(skipsRootTests())('directories of others that become volumes', () => {
  const signal = AbortSignal.timeout(600_000);
  let fixture: LocalStoreFixture;
  let home: string;
  beforeEach(async () => {
    fixture = await makeLocalStore({ type: 'xfs', sizeBytes: 512 * MiB });
    home = join(fixture.paths.root, ADOPTED.directory);
    await mkdir(home, { recursive: true, mode: 0o777 });
    await writeFile(join(home, 'file'), 'content', { flush: true });
    await symlink('/etc/passwd', join(home, 'link'));
    await chown(home, 1000, 2000);
  });
  afterEach(async () => {
    await fixture?.[Symbol.asyncDispose]();
  });

  const adopt = async (change: Partial<AdoptVolumeRequest> = {}) =>
    await fixture.store.adoptVolume({ ...ADOPTED, ...change }, signal);

  async function expectUntouched(): Promise<void> {
    expect((await readdir(home)).toSorted()).toEqual(['file', 'link']);
    expect(await readdir(fixture.paths.volumes)).toEqual([]);
    await expect(readdir(fixture.paths.adoptions).catch(() => [])).resolves.toEqual([]);
  }

  it('keeps what is in them, whose it is, and its inodes', async () => {
    const before = await lstat(join(home, 'file'));

    const volume = await adopt();

    const { path } = await fixture.store.locate({ id: volume.id }, signal);
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('content');
    expect(await readlink(join(path, 'link'))).toBe('/etc/passwd');
    expect((await lstat(join(path, 'file'))).ino).toBe(before.ino);
    expect(await lstat(path)).toMatchObject({ uid: 1000, gid: 2000 });
    expect(volume).toMatchObject({ name: 'pvc-1', capacityBytes: 64 * MiB, claim: ADOPTED.claim });
    await expect(lstat(home)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readdir(fixture.paths.adoptions)).toEqual([]);
    expect(await readlink(join(fixture.paths.byClaim, 'default', 'website'))).toContain('volumes');
  });

  it('can be asked for again, and survives a restart', async () => {
    const { id } = await adopt();
    await fixture.reopen();

    expect((await adopt()).id).toBe(id);
    expect((await fixture.store.findVolumeByName({ name: 'pvc-1' }, signal))?.id).toBe(id);
  });

  it.each(STEPS)('are whole after death at step %s, which the next call finishes', async (step) => {
    await fixture.store.close();
    expect(await die(step)).toBe('SIGKILL');
    // What an agent does at its start must not remove what is being taken over.
    await fixture.openAnother();
    await fixture.reopen();

    const volume = await adopt();

    const { path } = await fixture.store.locate({ id: volume.id }, signal);
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('content');
    expect(await readdir(fixture.paths.adoptions)).toEqual([]);
    await expect(lstat(home)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  async function die(step: string): Promise<string | null> {
    const argv = [VICTIM, fixture.paths.root, join(fixture.scratch.path, '..', 'run'), 'adopt', step];
    return await new Promise((resolve) => {
      const victim = execFile(process.execPath, argv, (_error, _stdout, stderr) => {
        resolve(victim.signalCode ?? stderr);
      });
    });
  }

  it('are taken over while others work on the pool, who see them at once', async () => {
    await fixture.reopen({ isShared: true });
    const other = await fixture.openAnother({ isShared: true, nodeName: 'node-2' });
    expect(await other.findVolumeByName({ name: 'pvc-1' }, signal)).toBeUndefined();

    const { id } = await adopt();

    expect((await other.findVolumeByName({ name: 'pvc-1' }, signal))?.id).toBe(id);
  });

  it('are taken over when the answers to renames are lost, and go back then, too', async () => {
    const files = createLossyFiles((call) => (call === 'rename' ? 'answer-lost' : 'answered'));
    const onStep = (step: string): void => {
      if (step === 'taken') throw new Error('of a test');
    };
    await fixture.reopen({ isShared: true, files, onStep });
    await expect(adopt()).rejects.toThrow(/^of a test$/);
    await expectUntouched();

    await fixture.reopen({ isShared: true, files });

    await expect(adopt()).resolves.toMatchObject({ name: 'pvc-1' });
    expect(await readdir(fixture.paths.adoptions)).toEqual([]);
  });

  it('go back to their place when they cannot become a volume', async () => {
    await fixture.reopen({
      onStep: (step) => {
        if (step === 'taken') throw new Error('of a test');
      },
    });

    await expect(adopt()).rejects.toThrow('of a test');

    await expectUntouched();
    await fixture.reopen();
    await expect(adopt()).resolves.toMatchObject({ name: 'pvc-1' });
  });

  it('stay where they are put aside when their place is taken meanwhile, and nothing is lost', async () => {
    await fixture.reopen({
      onStep: async (step) => {
        if (step !== 'taken') return;
        await mkdir(home);
        await writeFile(join(home, 'new'), '');
        throw new Error('of a test');
      },
    });

    await expect(adopt()).rejects.toThrow(/of a test.*lies at .*adoptions.*could not be put back/);

    await fixture.reopen();
    await expect(adopt()).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await rm(home, { recursive: true });
    const { id } = await adopt();
    const { path } = await fixture.store.locate({ id }, signal);
    expect(await readFile(join(path, 'file'), 'utf8')).toBe('content');
  });

  it.each([
    ['.stowage/trash', 'PRECONDITION_FAILED'],
    ['volumes', 'PRECONDITION_FAILED'],
    ['../other', 'INVALID_ARGUMENT'],
    ['default/../default/website', 'INVALID_ARGUMENT'],
    ['', 'INVALID_ARGUMENT'],
    ['/etc', 'INVALID_ARGUMENT'],
    ['default/missing', 'PATH_NOT_FOUND'],
    ['default/website/file', 'PRECONDITION_FAILED'],
  ])('are refused when they are %j', async (directory, code) => {
    await expect(adopt({ directory })).rejects.toMatchObject({ code });

    await expectUntouched();
  });

  it('are refused when they are reached by a symbolic link', async () => {
    const { root } = fixture.paths;
    await symlink('default/website', join(root, 'last'));
    await symlink('default', join(root, 'above'));

    for (const directory of ['last', 'above/website']) {
      await expect(adopt({ directory })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    }

    await expectUntouched();
  });

  it('are refused when they are in use here, or another file system', async () => {
    const { root } = fixture.paths;
    const target = join(root, 'other');
    await mkdir(target);
    await exec('mount', ['--bind', home, target]);
    await expect(adopt()).rejects.toMatchObject({ code: 'VOLUME_IN_USE' });
    await exec('umount', [target]);

    await exec('mount', ['-t', 'tmpfs', 'tmpfs', target]);
    await expect(adopt({ directory: 'other' })).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await exec('umount', [target]);

    await expectUntouched();
  });

  it('are refused when their size is to be enforced and cannot be', async () => {
    await expect(adopt({ quota: 'required' })).rejects.toThrow(/cannot limit directories/);

    await expectUntouched();
  });

  it('do not replace a volume that has the name', async () => {
    const other = await fixture.store.createVolume(toRequest('pvc-1'), signal);

    await expect(adopt()).rejects.toMatchObject({ code: 'VOLUME_INCOMPATIBLE' });

    expect((await readdir(home)).toSorted()).toEqual(['file', 'link']);
    expect((await fixture.store.findVolume({ id: other.id }, signal))?.id).toBe(other.id);
  });

  it('do not become a volume whose name was given meanwhile', async () => {
    const racer = await fixture.openAnother();
    await fixture.reopen({
      onStep: async (step) => {
        if (step === 'record-written') await racer.createVolume(toRequest('pvc-1'), signal);
      },
    });

    await expect(adopt()).rejects.toMatchObject({ code: 'VOLUME_INCOMPATIBLE' });

    expect((await readdir(home)).toSorted()).toEqual(['file', 'link']);
  });

  it('are cloned and deleted like other volumes', async () => {
    const { id } = await adopt();
    const range = { requiredBytes: ADOPTED.capacityBytes, limitBytes: undefined };
    const source = { kind: 'volume', id } as const;
    const clone = toRequest('clone', { layout: 'directory', quota: 'none', range, source });
    const { name } = await untilDone(() => fixture.store.createVolume(clone, signal));
    expect(name).toBe('clone');

    await fixture.store.deleteVolume({ id }, signal);

    expect(await fixture.store.findVolume({ id }, signal)).toBeUndefined();
    await expect.poll(() => readdir(fixture.paths.trash), { timeout: 20_000 }).toEqual([]);
  });
});
