import { execFile } from 'node:child_process';
import { copyFile, mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { FS_TYPES, type FsType } from '../../src/domain/access.ts';
import { createCommands } from '../../src/host/commands.ts';
import { withFsid } from '../../src/host/filesystems/btrfs-identity.ts';
import { detectContent } from '../../src/host/filesystems/detect.ts';
import { createFilesystems, type Filesystems } from '../../src/host/filesystems/index.ts';
import { createSyscalls } from '../../src/host/syscalls/create-syscalls.ts';
import type { Syscalls } from '../../src/host/syscalls/syscalls.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { makeScratchDirectory, type ScratchDirectory, skipsRootTests } from '../support/scratch.ts';

const exec = promisify(execFile);
const NONE = new AbortController().signal;
const MIB = 1024 * 1024;
const TAIL_BYTES = 256 * 1024;

describe.skipIf(skipsRootTests())('file systems', () => {
  let scratch: ScratchDirectory;
  let syscalls: Syscalls;
  let filesystems: Filesystems;
  let count = 0;

  beforeAll(async () => {
    scratch = await makeScratchDirectory();
    syscalls = createSyscalls();
    filesystems = createFilesystems({ commands: createCommands({ logger: silentLogger }), syscalls });
  });
  afterAll(async () => {
    await syscalls.close();
    await scratch[Symbol.asyncDispose]();
  });

  async function makeImage(sizeBytes: number): Promise<string> {
    count += 1;
    const image = join(scratch.path, `${count}.img`);
    await writeFile(image, '');
    await truncate(image, sizeBytes);
    return image;
  }

  async function attach(image: string, sectorSizeBytes = 512): Promise<string> {
    const { device } = await syscalls.attachLoop(
      { file: image, readOnly: false, directIo: true, sectorSizeBytes },
      NONE,
    );
    onTestFinished(async () => void (await exec('losetup', ['--detach', device])));
    return device;
  }

  async function mount(device: string, type: FsType): Promise<string> {
    const path = `${device.replace('/dev/', `${scratch.path}/mnt-`)}-${(count += 1)}`;
    await mkdir(path);
    const data = filesystems.getFilesystem(type).mountOptions.join(',');
    await syscalls.mount({ source: device, target: path, fsType: type, flags: [], data }, NONE);
    onTestFinished(async () => await syscalls.unmount({ target: path }, NONE).catch(() => undefined));
    return path;
  }

  async function getTotalBytes(path: string): Promise<number> {
    return (await syscalls.statfs({ path }, NONE)).totalBytes;
  }

  describe.each(FS_TYPES)('%s', (type) => {
    const sectors = [512, 4096];

    it.each(sectors)(
      'is made on the least device that it promises, with sectors of %i bytes',
      async (sectorSizeBytes) => {
        const filesystem = filesystems.getFilesystem(type);
        const device = await attach(await makeImage(filesystem.minimumBytes), sectorSizeBytes);

        await filesystem.make(
          device,
          { label: 'twelve-chars', sizeBytes: filesystem.minimumBytes - TAIL_BYTES },
          NONE,
        );

        const content = await detectContent({ device, sizeBytes: filesystem.minimumBytes });
        expect(content).toMatchObject({
          kind: 'filesystem',
          superblock: { type, isComplete: true, label: 'twelve-chars' },
        });
        const path = await mount(device, type);
        await writeFile(join(path, 'file'), 'x', { flush: true });
      },
    );

    it('keeps a preallocated file allocated when it is made', async () => {
      const image = await makeImage(400 * MIB);
      await syscalls.allocate({ path: image, offset: 0, length: 400 * MIB }, NONE);
      const device = await attach(image);

      await filesystems.getFilesystem(type).make(device, { label: 'full' }, NONE);

      const { stdout } = await exec('stat', ['-c', '%b', image]);
      expect(Number(stdout) * 512).toBeGreaterThanOrEqual(400 * MIB);
    });

    it('is checked, and a device without it is not', async () => {
      const filesystem = filesystems.getFilesystem(type);
      const device = await attach(await makeImage(400 * MIB));

      const check = filesystem.check(device, NONE);

      await expect(check).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      await filesystem.make(device, { label: 'checked' }, NONE);
      await expect(filesystem.check(device, NONE)).resolves.toBeUndefined();
    });

    it('names the package when its programs are missing', async () => {
      const commands = createCommands({ logger: silentLogger, searchPath: '/nonexistent' });
      const filesystem = createFilesystems({ commands, syscalls }).getFilesystem(type);
      const device = await attach(await makeImage(400 * MIB));

      const made = filesystem.make(device, { label: 'x' }, NONE);

      await expect(made).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining(`package ${filesystem.debianPackage}`),
      });
    });
  });

  describe.each(['xfs', 'btrfs'] as const)('growing a mounted %s', (type) => {
    it('takes the whole device, and is fine when it has it', async () => {
      const filesystem = filesystems.getFilesystem(type);
      const image = await makeImage(400 * MIB);
      const device = await attach(image);
      await filesystem.make(device, { label: 'grown' }, NONE);
      const mountPoint = await mount(device, type);
      const before = await getTotalBytes(mountPoint);
      await truncate(image, 800 * MIB);
      await syscalls.resizeLoop({ device }, NONE);

      await filesystem.grow({ device, mountPoint }, NONE);
      await filesystem.grow({ device, mountPoint }, NONE);

      expect((await getTotalBytes(mountPoint)) - before).toBeGreaterThan(395 * MIB);
    });

    it('refuses to grow unmounted', async () => {
      const filesystem = filesystems.getFilesystem(type);
      const device = await attach(await makeImage(400 * MIB));
      await filesystem.make(device, { label: 'x' }, NONE);

      const growth = filesystem.grow({ device, mountPoint: undefined }, NONE);

      await expect(growth).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      expect(filesystem.growsOffline).toBe(false);
    });
  });

  it('leaves the tail of an xfs alone that is not worth a growth', async () => {
    const filesystem = filesystems.getFilesystem('xfs');
    const device = await attach(await makeImage(400 * MIB));
    await filesystem.make(device, { label: 'tail', sizeBytes: 400 * MIB - TAIL_BYTES }, NONE);
    const mountPoint = await mount(device, 'xfs');
    const before = await getTotalBytes(mountPoint);

    await filesystem.grow({ device, mountPoint }, NONE);

    expect(await getTotalBytes(mountPoint)).toBe(before);
  });

  describe('ext4', () => {
    it('grows before it is mounted, also when it was not unmounted cleanly', async () => {
      const filesystem = filesystems.getFilesystem('ext4');
      const image = await makeImage(64 * MIB);
      const first = await attach(image);
      await filesystem.make(first, { label: 'grown' }, NONE);
      const path = await mount(first, 'ext4');
      await writeFile(join(path, 'file'), 'kept', { flush: true });
      const copy = await makeImage(0);
      await copyFile(image, copy);
      await truncate(copy, 256 * MIB);
      const device = await attach(copy);

      await filesystem.grow({ device, mountPoint: undefined }, NONE);
      await filesystem.grow({ device, mountPoint: undefined }, NONE);

      const grown = await mount(device, 'ext4');
      expect(await getTotalBytes(grown)).toBeGreaterThan(230 * MIB);
      expect(await readFile(join(grown, 'file'), 'utf8')).toBe('kept');
    });

    it('grows while it is mounted, or says which capability is missing', async () => {
      const filesystem = filesystems.getFilesystem('ext4');
      const image = await makeImage(64 * MIB);
      const device = await attach(image);
      await filesystem.make(device, { label: 'online' }, NONE);
      const mountPoint = await mount(device, 'ext4');
      await truncate(image, 256 * MIB);
      await syscalls.resizeLoop({ device }, NONE);

      const growth = filesystem.grow({ device, mountPoint }, NONE);
      const outcome = await growth.then(
        async () => `grown to ${(await getTotalBytes(mountPoint)) > 230 * MIB}`,
        (error: Error) => error.message,
      );

      expect(outcome).toMatch((await hasSysResource()) ? /^grown to true$/ : /capability SYS_RESOURCE/);
    });

    it('is left to a person when e2fsck cannot decide', async () => {
      const filesystem = filesystems.getFilesystem('ext4');
      const image = await makeImage(64 * MIB);
      const device = await attach(image);
      await filesystem.make(device, { label: 'broken' }, NONE);
      await exec('debugfs', ['-w', '-R', 'clri <2>', device]);
      await exec('tune2fs', ['-E', 'force_fsck', device]);

      const check = filesystem.check(device, NONE);

      await expect(check).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
        message: expect.stringContaining(`e2fsck ${device}`),
      });
    });
  });

  describe('the identity of a btrfs clone', () => {
    /** A file system in use, with a log of an fsync in it, as a clone without a freeze finds it. */
    async function makeSource(): Promise<{ image: string; path: string }> {
      const image = await makeImage(256 * MIB);
      const device = await attach(image);
      await filesystems.getFilesystem('btrfs').make(device, { label: 'source' }, NONE);
      const path = await mount(device, 'btrfs');
      await writeFile(join(path, 'before'), 'x');
      await syscalls.syncFileSystem({ path }, NONE);
      await writeFile(join(path, 'logged'), 'y', { flush: true });
      return { image, path };
    }

    it('is renewed so that source and clones are mounted side by side, each whole', async () => {
      const { image, path } = await makeSource();
      const clones: string[] = [];
      for (let number = 0; number < 2; number += 1) {
        const clone = await makeImage(0);
        await copyFile(image, clone);
        const device = await attach(clone);
        await filesystems.getFilesystem('btrfs').renewIdentity?.(device, NONE);
        clones.push(await mount(device, 'btrfs'));
      }

      await writeFile(join(path, 'later'), 'only in the source', { flush: true });

      for (const clone of clones) {
        expect(await readFile(join(clone, 'before'), 'utf8')).toBe('x');
        expect(await readFile(join(clone, 'logged'), 'utf8')).toBe('y');
        await expect(readFile(join(clone, 'later'))).rejects.toMatchObject({ code: 'ENOENT' });
        await syscalls.unmount({ target: clone }, NONE);
      }
    });

    it('can be renewed again, after a kill between its copies', async () => {
      const { image } = await makeSource();
      const clone = await makeImage(0);
      await copyFile(image, clone);
      const device = await attach(clone);
      const filesystem = filesystems.getFilesystem('btrfs');
      const old = await readMirror(device);
      await filesystem.renewIdentity?.(device, NONE);
      const renewed = await readMirror(device);
      // As a kill leaves it: the mirror is new, the primary is not.
      await writePrimary(device, old);

      await filesystem.renewIdentity?.(device, NONE);

      expect(renewed.equals(old)).toBe(false);
      const path = await mount(device, 'btrfs');
      expect(await readFile(join(path, 'logged'), 'utf8')).toBe('y');
      await syscalls.unmount({ target: path }, NONE);
      await expect(exec('btrfs', ['check', device])).resolves.toBeDefined();
    });

    async function readMirror(device: string): Promise<Buffer> {
      await using file = await open(device, 'r');
      return (await file.read(Buffer.alloc(4096), 0, 4096, 64 * MIB)).buffer;
    }

    /** The mirror's copy differs from the primary in where it says that it is (`bytenr`), so that only the identity is taken from it. */
    async function writePrimary(device: string, mirror: Buffer): Promise<void> {
      await using file = await open(device, 'r+');
      const { buffer } = await file.read(Buffer.alloc(4096), 0, 4096, 64 * 1024);
      await file.write(withFsid(buffer, mirror.subarray(0x20, 0x30)), 0, 4096, 64 * 1024);
      await file.sync();
    }
  });

  async function hasSysResource(): Promise<boolean> {
    const status = await readFile('/proc/self/status', 'utf8');
    const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
    return (effective & (1n << 24n)) !== 0n;
  }
});
