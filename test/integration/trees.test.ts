import { execFile, execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCommands } from '../../src/host/commands.ts';
import { createMounts } from '../../src/host/mounts.ts';
import { createSyscalls } from '../../src/host/syscalls/create-syscalls.ts';
import type { Syscalls } from '../../src/host/syscalls/syscalls.ts';
import { createTrees } from '../../src/host/trees.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import {
  makeScratchDirectory,
  makeScratchFilesystem,
  type ScratchDirectory,
  skipsRootTests,
} from '../support/scratch.ts';

const exec = promisify(execFile);
const NONE = new AbortController().signal;
const MIB = 1024 * 1024;

describe.skipIf(skipsRootTests())('work on whole trees', () => {
  let scratch: ScratchDirectory;
  let syscalls: Syscalls;

  beforeAll(async () => {
    scratch = await makeScratchDirectory();
    syscalls = createSyscalls();
  });
  afterAll(async () => {
    await syscalls.close();
    await scratch[Symbol.asyncDispose]();
  });

  function openTrees(searchPath?: string) {
    const commands = createCommands({
      logger: silentLogger,
      ...(searchPath === undefined ? {} : { searchPath }),
    });
    return createTrees({ commands, mounts: createMounts({ syscalls }), logger: silentLogger });
  }

  async function makeDirectory(name: string): Promise<string> {
    const path = join(scratch.path, name);
    await mkdir(path);
    return path;
  }

  describe('remove', () => {
    it('is fine with what is missing, and with an empty directory', async () => {
      const path = await makeDirectory('empty');

      await openTrees().remove(path, NONE);
      await openTrees().remove(path, NONE);

      await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('removes names of any bytes, links, sockets, and what is closed to everybody', async () => {
      const path = await makeDirectory('odd');
      await writeFile(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0x0a, 0xff, 0x2d, 0x80])]), 'x');
      await writeFile(join(path, '-rf'), 'x');
      await mkdir(join(path, 'closed', 'deep'), { recursive: true });
      await exec('mkfifo', [join(path, 'pipe')]);
      await exec('mknod', [join(path, 'null'), 'c', '1', '3']);
      await exec('chown', ['-R', '1234:1234', path]);
      await exec('chmod', ['0000', join(path, 'closed')]);

      await openTrees().remove(path, NONE);

      await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('never follows a link out of the tree', async () => {
      const outside = await makeDirectory('outside');
      await writeFile(join(outside, 'precious'), 'x');
      const path = await makeDirectory('with-links');
      await symlink(outside, join(path, 'link'));
      await symlink(join(outside, 'precious'), join(path, 'file-link'));

      await openTrees().remove(path, NONE);

      expect(await readdir(outside)).toEqual(['precious']);
    });

    it('removes a tree of 5,000 levels', async () => {
      const path = await makeDirectory('deep');
      execFileSync('python3', [
        '-c',
        `import os\nos.chdir('${path}')\nfor i in range(5000):\n  os.mkdir('d'); os.chdir('d')`,
      ]);

      await openTrees().remove(path, NONE);

      await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('refuses a tree that something is mounted in, and removes nothing', async () => {
      const path = await makeDirectory('mounted');
      await mkdir(join(path, 'sub'));
      await writeFile(join(path, 'file'), 'x');
      await exec('mount', ['-t', 'tmpfs', 'tmpfs', join(path, 'sub')]);

      const removal = openTrees().remove(path, NONE);

      await expect(removal).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining(join(path, 'sub')),
      });
      expect((await readdir(path)).toSorted()).toEqual(['file', 'sub']);
    });

    it('refuses one that is mounted in by way of a symlink in its path, and removes nothing elsewhere', async () => {
      const real = await makeDirectory('real');
      const precious = await makeDirectory('precious');
      await writeFile(join(precious, 'file'), 'x');
      await mkdir(join(real, 'tree', 'bound'), { recursive: true });
      await exec('mount', ['--bind', precious, join(real, 'tree', 'bound')]);
      const alias = join(real, '..', 'alias');
      await symlink(real, alias);

      const removal = openTrees().remove(join(alias, 'tree'), NONE);

      await expect(removal).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      await exec('umount', [join(real, 'tree', 'bound')]);
      expect(await readdir(precious)).toEqual(['file']);
    });

    it('says what to do about an immutable root', async () => {
      const path = await makeDirectory('fixed-root');
      await exec('chattr', ['+i', path]);

      const removal = openTrees().remove(path, NONE);

      await expect(removal).rejects.toMatchObject({ message: expect.stringContaining('chattr -R -ia') });
      await exec('chattr', ['-i', path]);
    });

    it('says what to do about immutable files, and removes the rest', async () => {
      const path = await makeDirectory('immutable');
      await writeFile(join(path, 'fixed'), 'x');
      await writeFile(join(path, 'loose'), 'x');
      await exec('chattr', ['+i', join(path, 'fixed')]);

      const removal = openTrees().remove(path, NONE);

      await expect(removal).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining('chattr -R -ia'),
      });
      await exec('chattr', ['-i', join(path, 'fixed')]);
      expect(await readdir(path)).toEqual(['fixed']);
    });

    it('stops when it is aborted, with its whole group', async () => {
      await using disk = await makeScratchFilesystem({ type: 'ext4', sizeBytes: 256 * MIB });
      const path = join(disk.path, 'many');
      await mkdir(path);
      execFileSync('python3', [
        '-c',
        `for d in range(20):\n  import os; os.mkdir('${path}/%d' % d)\n  for i in range(1000): open('${path}/%d/%d' % (d, i), 'w').close()`,
      ]);
      // From here on each file that is removed takes a write to the disk: there is something left when it is aborted.
      await exec('mount', ['-o', 'remount,dirsync', disk.path]);
      const abort = new AbortController();

      const removal = openTrees().remove(path, abort.signal);
      await waitForChange(path);
      abort.abort();

      await expect(removal).rejects.toThrow('was stopped');
      const left = await readdir(path, { recursive: true });
      await rename(path, `${path}-later`);
      expect((await readdir(`${path}-later`, { recursive: true })).length).toBe(left.length);
    });

    it('names the package of a missing bubblewrap', async () => {
      const path = await makeDirectory('no-bwrap');
      await writeFile(join(path, 'file'), 'x');

      const removal = openTrees('/nonexistent').remove(path, NONE);

      await expect(removal).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining('package bubblewrap'),
      });
    });
  });

  describe('copy', () => {
    it('keeps owners, modes, times, attributes, hard links and holes', async () => {
      const [source, target] = [await makeDirectory('from'), await makeDirectory('to')];
      await writeFile(join(source, 'file'), 'content');
      await exec('ln', [join(source, 'file'), join(source, 'hard')]);
      await exec('setfattr', ['-n', 'user.colour', '-v', 'red', join(source, 'file')]);
      await exec('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', join(source, 'file')]);
      await exec('setcap', ['cap_net_raw+ep', join(source, 'file')]);
      await exec('truncate', ['-s', '64M', join(source, 'sparse')]);
      await exec('mkfifo', [join(source, 'pipe')]);
      await exec('mknod', [join(source, 'null'), 'c', '1', '3']);
      await exec('sh', [
        '-c',
        'mkdir "$1" "$2"; echo x >"$1/x"; chmod 555 "$1"; chmod 0 "$2"',
        'sh',
        join(source, 'kept'),
        join(source, 'shut'),
      ]);
      await exec('chown', ['-h', '1234:5678', join(source, 'sparse'), source]);
      await exec('chmod', ['2751', source]);
      await exec('touch', ['-d', '2001-02-03T04:05:06Z', join(source, 'sparse'), source]);

      await openTrees().copy({ source, target, reflink: 'auto' }, NONE);

      const list = [
        '-c',
        'cd "$1" && find . -printf "%P %y %m %U %G %T@ %n %s\\n" | sort && getfattr -R -d -m - . && getcap -r .',
      ];
      const [before, after] = [
        await exec('sh', [...list, 'sh', source]),
        await exec('sh', [...list, 'sh', target]),
      ];
      expect(after.stdout).toBe(before.stdout);
      expect(after.stdout).toContain('trusted.overlay.opaque="y"');
      expect((await stat(join(target, 'sparse'))).blocks).toBe(0);
      expect((await stat(join(target, 'hard'))).ino).toBe((await stat(join(target, 'file'))).ino);
    });

    it('copies links as links', async () => {
      const [source, target] = [await makeDirectory('links'), await makeDirectory('links-copy')];
      await symlink('/etc', join(source, 'absolute'));
      await symlink('../../..', join(source, 'upward'));

      await openTrees().copy({ source, target, reflink: 'auto' }, NONE);

      expect((await readdir(target, { withFileTypes: true })).every((entry) => entry.isSymbolicLink())).toBe(
        true,
      );
    });

    it('fails where blocks cannot be shared when they have to be', async () => {
      await using ext4 = await makeScratchFilesystem({ type: 'ext4', sizeBytes: 64 * MIB });
      const [source, target] = [join(ext4.path, 'source'), join(ext4.path, 'target')];
      await mkdir(source);
      await mkdir(target);
      await writeFile(join(source, 'file'), 'x');

      const copy = openTrees().copy({ source, target, reflink: 'always' }, NONE);

      await expect(copy).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    });

    it('shares blocks on xfs', async () => {
      await using xfs = await makeScratchFilesystem({ type: 'xfs', sizeBytes: 400 * MIB });
      const [source, target] = [join(xfs.path, 'source'), join(xfs.path, 'target')];
      await mkdir(source);
      await mkdir(target);
      await writeFile(join(source, 'file'), Buffer.alloc(64 * MIB, 1), { flush: true });
      const before = await syscalls.statfs({ path: xfs.path }, NONE);

      await openTrees().copy({ source, target, reflink: 'always' }, NONE);

      const after = await syscalls.statfs({ path: xfs.path }, NONE);
      expect(before.freeBytes - after.freeBytes).toBeLessThan(MIB);
      expect((await readFile(join(target, 'file'))).equals(Buffer.alloc(64 * MIB, 1))).toBe(true);
    });

    it('says that there is no room', async () => {
      await using small = await makeScratchFilesystem({ type: 'ext4', sizeBytes: 32 * MIB });
      const source = await makeDirectory('large');
      await writeFile(join(source, 'file'), Buffer.alloc(40 * MIB, 1));
      const target = join(small.path, 'target');
      await mkdir(target);

      const copy = openTrees().copy({ source, target, reflink: 'auto' }, NONE);

      await expect(copy).rejects.toMatchObject({ code: 'NO_ROOM' });
    });
  });

  it('measures allocated bytes and inodes', async () => {
    const path = await makeDirectory('measured');
    await mkdir(join(path, 'sub'));
    await writeFile(join(path, 'sub', 'file'), Buffer.alloc(MIB, 1), { flush: true });
    await exec('truncate', ['-s', '1G', join(path, 'sparse')]);

    const { usedBytes, usedInodes } = await openTrees().measure(path, NONE);

    expect(usedInodes).toBe(4);
    expect(usedBytes).toBeGreaterThanOrEqual(MIB);
    expect(usedBytes).toBeLessThan(1.1 * MIB);
  });

  /** Until one of its directories is gone. */
  async function waitForChange(path: string): Promise<void> {
    const before = (await readdir(path)).length;
    while ((await readdir(path)).length === before) await new Promise((resolve) => setImmediate(resolve));
  }
});
