import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isErrno } from '../../src/host/errno.ts';
import { createSyscalls } from '../../src/host/syscalls/create-syscalls.ts';
import type { Syscalls } from '../../src/host/syscalls/syscalls.ts';
import { makeScratchFilesystem, skipsRootTests } from '../support/scratch.ts';

const exec = promisify(execFile);
const signal = new AbortController().signal;

describe.skipIf(skipsRootTests())('Subvolumes and quota groups of btrfs', () => {
  const resources = new AsyncDisposableStack();
  let root: string;
  let syscalls: Syscalls;

  beforeAll(async () => {
    root = resources.use(await makeScratchFilesystem({ type: 'btrfs', sizeBytes: 512 << 20 })).path;
    syscalls = resources.adopt(createSyscalls(), (value) => value.close());
  });
  afterAll(() => resources.disposeAsync());

  async function subvolume(name: string): Promise<string> {
    const path = join(root, name);
    await syscalls.createSubvolume({ path }, signal);
    return path;
  }

  async function remove(path: string): Promise<void> {
    const found = await syscalls.findSubvolumeId({ path }, signal);
    await syscalls.deleteSubvolume({ path: root, subvolumeId: found?.subvolumeId ?? 0 }, signal);
  }

  it('tell the root of a subvolume from other directories', async () => {
    const path = await subvolume('plain');
    await mkdir(join(path, 'directory'));

    const found = await syscalls.findSubvolumeId({ path }, signal);

    expect(found?.subvolumeId).toBeGreaterThanOrEqual(256);
    expect(await syscalls.findSubvolumeId({ path: join(path, 'directory') }, signal)).toBeUndefined();
    expect(await syscalls.findSubvolumeId({ path: '/proc' }, signal)).toBeUndefined();
  });

  it('have no quota group before quotas are on', async () => {
    const path = await subvolume('unlimited');

    const reading = syscalls.getQgroup({ path }, signal);

    await expect(reading).rejects.toSatisfy((error) => isErrno(error, 'ENOENT'));
  });

  it('are listed deepest first, relative to any directory', async () => {
    const path = await subvolume('nest');
    await mkdir(join(path, 'directory', 'sub'), { recursive: true });
    for (const name of ['directory/sub/inner', 'other', 'directory/sub/inner/deep']) {
      await subvolume(`nest/${name}`);
    }

    const below = await syscalls.listSubvolumes({ path }, signal);
    const belowDirectory = await syscalls.listSubvolumes({ path: join(path, 'directory') }, signal);

    expect(below.map((nested) => nested.path)).toEqual([
      'directory/sub/inner/deep',
      'directory/sub/inner',
      'other',
    ]);
    expect(belowDirectory.map((nested) => nested.path)).toEqual(['sub/inner/deep', 'sub/inner']);
    const deleting = remove(path);
    await expect(deleting).rejects.toSatisfy((error) => isErrno(error, 'ENOTEMPTY'));
  });

  it('list many subvolumes', async () => {
    const path = await subvolume('many');
    const names = Array.from({ length: 300 }, (_, index) => `subvolume-with-a-longer-name-${index}`);
    for (const name of names) await subvolume(`many/${name}`);

    const found = await syscalls.listSubvolumes({ path }, signal);

    expect(new Set(found.map((nested) => nested.path))).toEqual(new Set(names));
  });

  it('are copied by snapshots, writable or not', async () => {
    const source = await subvolume('source');
    await writeFile(join(source, 'file'), 'before');
    const target = join(root, 'snapshot');

    await syscalls.snapshotSubvolume({ source, target, readOnly: true }, signal);
    const refused = writeFile(join(target, 'file'), 'after');

    await expect(refused).rejects.toSatisfy((error) => isErrno(error, 'EROFS'));
    await syscalls.setSubvolumeReadOnly({ path: target, readOnly: false }, signal);
    await writeFile(join(target, 'file'), 'after');
    await remove(target);
    const left = await syscalls.listSubvolumes({ path: root }, signal);
    expect(left.map((nested) => nested.path)).not.toContain('snapshot');
  });

  it('are limited: writes beyond the limit fail, and usage and limit can be read', async () => {
    await syscalls.enableBtrfsQuota({ path: root }, signal);
    await syscalls.enableBtrfsQuota({ path: root }, signal);
    const path = await subvolume('limited');

    await syscalls.setQgroupLimit({ path, limitBytes: 16 << 20 }, signal);
    await writeFile(join(path, 'small'), Buffer.alloc(8 << 20));
    const large = writeFile(join(path, 'large'), Buffer.alloc(16 << 20));

    await expect(large).rejects.toSatisfy((error) => isErrno(error, 'EDQUOT'));
    await syscalls.syncFileSystem({ path }, signal);
    const full = await syscalls.getQgroup({ path }, signal);
    expect(full.limitBytes).toBe(16 << 20);
    expect(full.referencedBytes).toBeGreaterThan(8 << 20);
    expect(full.referencedBytes).toBeLessThanOrEqual(16 << 20);
    await syscalls.setQgroupLimit({ path, limitBytes: undefined }, signal);
    await writeFile(join(path, 'large'), Buffer.alloc(16 << 20));
    expect((await syscalls.getQgroup({ path }, signal)).limitBytes).toBeUndefined();
  });

  it('are counted anew when the kernel has lost count, so that limits hold again', async () => {
    await syscalls.enableBtrfsQuota({ path: root }, signal);
    await expect.poll(() => syscalls.rescanLostQgroups({ path: root }, signal)).toBe(false);
    const [large, copy, limited] = [
      await subvolume('large'),
      join(root, 'large-copy'),
      await subvolume('small'),
    ];
    for (let index = 0; index < 500; index += 1)
      await writeFile(join(large, `file-${index}`), 'x'.repeat(512));
    await syscalls.snapshotSubvolume({ source: large, target: copy, readOnly: false }, signal);
    await syscalls.setQgroupLimit({ path: limited, limitBytes: 1 << 20 }, signal);
    await syscalls.syncFileSystem({ path: root }, signal);
    const { subvolumeId } = await syscalls.getQgroup({ path: large }, signal);
    // A group of groups, of which one shares blocks with others: the kernel does not know what that comes to.
    await exec('btrfs', ['qgroup', 'create', '1/0', root]);
    await exec('btrfs', ['qgroup', 'assign', '--no-rescan', `0/${subvolumeId}`, '1/0', root]);
    await syscalls.syncFileSystem({ path: root }, signal);

    expect(await syscalls.rescanLostQgroups({ path: root }, signal)).toBe(true);
    await expect.poll(() => syscalls.rescanLostQgroups({ path: root }, signal)).toBe(false);

    const writes = async (): Promise<void> => {
      for (let index = 0; index < 16; index += 1) {
        await writeFile(join(limited, `part-${index}`), Buffer.alloc(128 << 10, 1), { flush: true });
        await syscalls.syncFileSystem({ path: root }, signal);
      }
    };
    await expect(writes()).rejects.toSatisfy((error) => isErrno(error, 'EDQUOT'));
    for (const path of [large, copy, limited]) await remove(path);
  });

  it('are not taken for miscounted where quotas are off', async () => {
    await using scratch = await makeScratchFilesystem({ type: 'btrfs', sizeBytes: 256 << 20 });

    expect(await syscalls.rescanLostQgroups({ path: scratch.path }, signal)).toBe(false);
  });

  it('leave a quota group that can be removed, once or more', async () => {
    const path = await subvolume('short');
    const { subvolumeId } = await syscalls.getQgroup({ path }, signal);
    await remove(path);

    const removeGroup = () => syscalls.removeQgroup({ path: root, subvolumeId }, signal);
    // The kernel's cleaner lets go of the deleted subvolume first; this is what wakes it.
    await expect
      .poll(async () => {
        await exec('btrfs', ['filesystem', 'sync', root]);
        return await removeGroup().catch((error: unknown) => error);
      })
      .toBeUndefined();

    await removeGroup();
  });
});
