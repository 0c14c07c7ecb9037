import { mkdir, open, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDriverError } from '../../src/domain/errors.ts';
import { isErrno } from '../../src/host/errno.ts';
import { makeTestHost, type TestHost } from '../support/host.ts';
import { makeScratchFilesystem, type ScratchFilesystem, skipsRootTests } from '../support/scratch.ts';

const signal = new AbortController().signal;

describe.skipIf(skipsRootTests())('Mounts', () => {
  let resources: AsyncDisposableStack;
  let scratch: ScratchFilesystem;
  let mounts: TestHost['host']['mounts'];

  beforeEach(async () => {
    resources = new AsyncDisposableStack();
    scratch = resources.use(await makeScratchFilesystem({ type: 'ext4', sizeBytes: 64 << 20 }));
    ({ mounts } = resources.use(await makeTestHost()).host);
  });
  afterEach(() => resources.disposeAsync());

  async function directory(...names: readonly string[]): Promise<string> {
    const path = join(scratch.path, ...names);
    await mkdir(path, { recursive: true });
    return path;
  }

  it('mounts with flags and data, shows it, and unmounts it', async () => {
    await mounts.unmount(scratch.path, signal);
    const target = scratch.path;

    await mounts.mount(
      {
        source: scratch.device,
        target,
        fsType: 'ext4',
        readOnly: true,
        options: ['noatime', 'nosuid', 'errors=continue'],
      },
      signal,
    );
    const mounted = await mounts.findAt(target, signal);
    await mounts.unmount(target, signal);

    expect(mounted).toMatchObject({ mountPoint: target, source: scratch.device, fsType: 'ext4', root: '/' });
    expect(mounted?.options).toEqual(expect.arrayContaining(['ro', 'noatime', 'nosuid']));
    expect(await mounts.findAt(target, signal)).toBeUndefined();
  });

  it('makes a read-only bind mount that keeps the flags of its source', async () => {
    await mounts.unmount(scratch.path, signal);
    const device = { source: scratch.device, fsType: 'ext4', readOnly: false };
    await mounts.mount({ ...device, target: scratch.path, options: ['nodev', 'nosuid', 'noatime'] }, signal);
    const source = await directory('source');
    const target = await directory('target');
    await writeFile(join(source, 'file'), 'content');

    await mounts.bind({ source, target, readOnly: true, options: ['noexec'] }, signal);

    const mounted = await mounts.findAt(target, signal);
    expect(mounted?.options).toEqual(['ro', 'nosuid', 'nodev', 'noexec', 'noatime']);
    expect(await readFile(join(target, 'file'), 'utf8')).toBe('content');
    await expect(writeFile(join(target, 'file'), 'x')).rejects.toSatisfy((error) => isErrno(error, 'EROFS'));
    await writeFile(join(source, 'file'), 'still writable');
  });

  it('leaves nothing when a bind mount cannot be made', async () => {
    const target = await directory('target');
    const source = join(scratch.path, 'missing');

    const binding = mounts.bind({ source, target, readOnly: true, options: [] }, signal);

    await expect(binding).rejects.toSatisfy((error) => isErrno(error, 'ENOENT'));
    expect(await mounts.findAt(target, signal)).toBeUndefined();
  });

  it('refuses to unmount what is in use, and unmounts nothing without complaint', async () => {
    const target = await directory('target');
    await mounts.bind({ source: await directory('source'), target, readOnly: false, options: [] }, signal);
    const file = await open(join(target, 'file'), 'w');

    const busy = await mounts.unmount(target, signal).catch((error: unknown) => error);
    await file.close();
    await mounts.unmount(target, signal);
    await mounts.unmount(target, signal);
    await mounts.unmount(join(scratch.path, 'never', 'made'), signal);

    expect(isDriverError(busy, 'VOLUME_IN_USE')).toBe(true);
    expect(await mounts.findAt(target, signal)).toBeUndefined();
  });

  it('unmounts the topmost of two', async () => {
    const target = await directory('target');
    const [one, two] = [await directory('one'), await directory('two')];
    await mounts.bind({ source: one, target, readOnly: false, options: [] }, signal);
    await mounts.bind({ source: two, target, readOnly: false, options: [] }, signal);

    expect((await mounts.findAt(target, signal))?.root).toBe('/two');
    await mounts.unmount(target, signal);

    expect((await mounts.findAt(target, signal))?.root).toBe('/one');
  });

  it('finds a mount whose path has a symlink above it', async () => {
    const target = await directory('real', 'target');
    await mounts.bind({ source: await directory('source'), target, readOnly: false, options: [] }, signal);
    await symlink(join(scratch.path, 'real'), join(scratch.path, 'link'));

    const mounted = await mounts.findAt(join(scratch.path, 'link', 'target'), signal);

    expect(mounted?.mountPoint).toBe(target);
  });

  it('lists the mounts of a directory wherever they are, and after it was renamed', async () => {
    const volume = await directory('volumes', 'v1');
    const outside = await directory('outside');
    const deeper = await directory('deeper');
    await mounts.bind({ source: volume, target: outside, readOnly: false, options: [] }, signal);
    const inner = await directory('volumes', 'v1', 'inner');
    await mounts.bind({ source: inner, target: deeper, readOnly: true, options: [] }, signal);
    await directory('volumes', 'v10');

    const found = await mounts.listOf(volume, signal);
    await rename(volume, join(scratch.path, 'trash'));
    const renamed = await mounts.listOf(join(scratch.path, 'trash'), signal);

    expect(found.map((mount) => mount.mountPoint)).toEqual([outside, deeper]);
    expect(renamed.map((mount) => mount.mountPoint)).toEqual([outside, deeper]);
    expect(await mounts.listOf(volume, signal)).toEqual([]);
    expect((await mounts.getHolding(outside, signal)).root).toBe('/trash');
  });
});

describe.skipIf(skipsRootTests())('Mounts on btrfs', () => {
  it('lists the mounts of a subvolume, whose st_dev is not the device in mountinfo', async () => {
    await using scratch = await makeScratchFilesystem({ type: 'btrfs', sizeBytes: 256 << 20 });
    await using made = await makeTestHost();
    const { mounts, syscalls } = made.host;
    const volume = join(scratch.path, 'v1');
    const target = join(scratch.path, 'target');
    await syscalls.createSubvolume({ path: volume }, signal);
    await Promise.all([mkdir(target), mkdir(join(volume, 'data'))]);

    await mounts.bind({ source: join(volume, 'data'), target, readOnly: true, options: [] }, signal);

    expect((await mounts.listOf(volume, signal)).map((mount) => mount.mountPoint)).toEqual([target]);
    expect(await mounts.listOf(join(scratch.path, 'other'), signal)).toEqual([]);
  });
});
