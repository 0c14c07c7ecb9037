import { execFile } from 'node:child_process';
import { open, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDriverError } from '../../src/domain/errors.ts';
import { isErrno } from '../../src/host/errno.ts';
import type { Host } from '../../src/host/host.ts';
import { findBackingPath } from '../../src/host/loop-backing.ts';
import { makeTestHost } from '../support/host.ts';
import {
  makeImage,
  makeScratchDirectory,
  makeScratchFilesystem,
  skipsRootTests,
} from '../support/scratch.ts';

const exec = promisify(execFile);
const signal = new AbortController().signal;
const sizeBytes = 64 << 20;

/** Attaches a file more than a page's length below a directory, and prints the device: LOOP_CTL_GET_FREE and LOOP_SET_FD. */
const ATTACH_FAR_BELOW = `import fcntl, os, sys
os.chdir(sys.argv[1])
for _ in range(25):
  os.mkdir('d' * 200)
  os.chdir('d' * 200)
with open('file', 'w+b') as file, open('/dev/loop-control', 'rb') as control:
  file.truncate(1 << 20)
  device = '/dev/loop%d' % fcntl.ioctl(control, 0x4c82)
  with open(device, 'r+b') as loop:
    fcntl.ioctl(loop, 0x4c00, file.fileno())
  print(device)
`;

describe.skipIf(skipsRootTests())('Loops', () => {
  let resources: AsyncDisposableStack;
  let directory: string;
  let host: Host;

  beforeEach(async () => {
    resources = new AsyncDisposableStack();
    directory = resources.use(await makeScratchDirectory()).path;
    ({ host } = resources.use(await makeTestHost()));
  });
  afterEach(() => resources.disposeAsync());

  async function image(name: string): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, '');
    await truncate(path, sizeBytes);
    return path;
  }

  it('attaches a file once, however often it is asked at the same time', async () => {
    const file = await image('disk.img');
    const options = { file, readOnly: false, sectorSizeBytes: 512 };

    const devices = await Promise.all([1, 2, 3].map(() => host.loops.ensure(options, signal)));

    expect(new Set(devices.map((device) => device.device)).size).toBe(1);
    expect(await host.loops.listOf(file, signal)).toEqual([devices[0]]);
    expect(await host.syscalls.getDeviceSize({ device: devices[0]?.device ?? '' }, signal)).toEqual({
      sizeBytes,
    });
  });

  it('knows a device by its file, under every name that the file gets', async () => {
    const file = await image('disk.img');
    const renamed = join(directory, 'renamed.img');
    const attached = await host.loops.ensure({ file, readOnly: false, sectorSizeBytes: 512 }, signal);

    await rename(file, renamed);
    const other = await image('disk.img');

    expect(await host.loops.listOf(renamed, signal)).toEqual([attached]);
    expect(await host.loops.listOf(other, signal)).toEqual([]);
    expect(await host.loops.listOf(join(directory, 'missing.img'), signal)).toEqual([]);
  });

  it('reports the device number that mountinfo shows', async () => {
    const file = join(directory, 'disk.img');
    await makeImage(file, { type: 'ext4', sizeBytes });
    const { device, majorMinor } = await host.loops.ensure(
      { file, readOnly: true, sectorSizeBytes: 512 },
      signal,
    );

    const { rdev } = await stat(device);

    expect(majorMinor).toBe(`${rdev >> 8}:${rdev & 0xff}`);
  });

  it('gives a device the sector size that is asked for, and reads only where that is asked for', async () => {
    const file = await image('disk.img');
    const device = await host.loops.ensure({ file, readOnly: true, sectorSizeBytes: 4096 }, signal);

    const sectorSize = await readFile(
      `/sys/block/${basename(device.device)}/queue/logical_block_size`,
      'utf8',
    );
    const written = writeFile(device.device, 'x', { flag: 'r+' });

    expect(device.readOnly).toBe(true);
    expect(sectorSize).toBe('4096\n');
    await expect(written).rejects.toSatisfy((error) => isErrno(error, 'EACCES', 'EPERM', 'EROFS'));
    const writing = host.loops.ensure({ file, readOnly: false, sectorSizeBytes: 4096 }, signal);
    await expect(writing).rejects.toSatisfy((error) => isDriverError(error, 'VOLUME_IN_USE'));
  });

  it('shows the new size of a file that has grown', async () => {
    const file = await image('disk.img');
    const { device } = await host.loops.ensure({ file, readOnly: false, sectorSizeBytes: 512 }, signal);

    await truncate(file, 2 * sizeBytes);
    await host.loops.resize(device, signal);

    expect(await host.syscalls.getDeviceSize({ device }, signal)).toEqual({ sizeBytes: 2 * sizeBytes });
  });

  it('detaches, and detaches nothing without complaint', async () => {
    const file = await image('disk.img');
    const { device } = await host.loops.ensure({ file, readOnly: false, sectorSizeBytes: 512 }, signal);

    await host.loops.detachAll(file, signal);
    await host.loops.detachAll(file, signal);

    expect(await host.syscalls.getLoop({ device }, signal)).toBeUndefined();
  });

  it('asks to try again while somebody has the device open, and it goes when that is over', async () => {
    const file = await image('disk.img');
    const { device } = await host.loops.ensure({ file, readOnly: false, sectorSizeBytes: 512 }, signal);
    const user = await open(device, 'r');

    const busy = await host.loops.detachAll(file, signal).catch((error: unknown) => error);
    await user.close();
    await host.loops.detachAll(file, signal);

    expect(isDriverError(busy, 'OPERATION_PENDING')).toBe(true);
    expect(await host.loops.listOf(file, signal)).toEqual([]);
  });

  it('takes back a detach that waits for the last user, so that the device outlives it', async () => {
    const file = await image('disk.img');
    const options = { file, readOnly: false, sectorSizeBytes: 512 };
    const { device } = await host.loops.ensure(options, signal);
    const user = await open(device, 'r');
    await expect(host.loops.detachAll(file, signal)).rejects.toSatisfy((error) =>
      isDriverError(error, 'OPERATION_PENDING'),
    );
    expect(await host.loops.listOf(file, signal)).toMatchObject([{ device, detaching: true }]);

    const again = await host.loops.ensure(options, signal);
    await user.close();

    expect(again).toMatchObject({ device, detaching: false });
    expect(await host.loops.listOf(file, signal)).toEqual([again]);
  });

  it('keeps no device whose number has gone to another file, and detaches none', async () => {
    const file = await image('disk.img');
    const other = await image('other.img');
    const attached = await host.loops.ensure({ file, readOnly: false, sectorSizeBytes: 512 }, signal);
    const { ino, dev } = await stat(other, { bigint: true });
    const call = { device: attached.device, backingDevice: dev, backingInode: ino };

    await host.syscalls.detachLoop(call, signal);
    const kept = host.loops.keep(other, attached, signal);

    await expect(kept).rejects.toSatisfy((error) => isDriverError(error, 'OPERATION_PENDING'));
    expect(await host.loops.listOf(file, signal)).toEqual([attached]);
  });

  it.each([
    ['an offset', '--offset=4096'],
    ['a size limit', '--sizelimit=1048576'],
  ])('accepts no device that somebody else attached with %s', async (_, option) => {
    const file = await image('disk.img');
    const options = { file, readOnly: false, sectorSizeBytes: 512 };
    const { stdout } = await exec('losetup', ['--find', '--show', option, file]);
    const device = stdout.trim();

    const ensured = host.loops.ensure(options, signal);

    await expect(ensured).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining(`losetup --detach ${device}`),
    });
    expect(await host.loops.listOf(file, signal)).toMatchObject([{ device, partial: true }]);
  });

  it('is not stopped by the device of somebody else whose path is too long for the kernel to tell', async () => {
    const attached = await exec('python3', ['-c', ATTACH_FAR_BELOW, directory]);
    const foreign = attached.stdout.trim();
    // The usual removal goes by whole paths, too.
    resources.defer(async () => void (await exec('rm', ['-rf', join(directory, 'd'.repeat(200))])));
    resources.defer(async () => void (await exec('losetup', ['--detach', foreign])));
    const file = await image('disk.img');

    const mine = await host.loops.ensure({ file, readOnly: false, sectorSizeBytes: 512 }, signal);

    expect(await host.loops.listOf(file, signal)).toEqual([mine]);
    expect(await findBackingPath(foreign)).toBeUndefined();
  });

  it('asks nothing of devices over files of another name', async () => {
    const file = await image('disk.img');
    const other = await image('other.img');
    const mine = await host.loops.ensure({ file, readOnly: false, sectorSizeBytes: 512 }, signal);
    const foreign = await host.loops.ensure({ file: other, readOnly: false, sectorSizeBytes: 512 }, signal);

    const named = await host.syscalls.listLoops({ fileName: 'disk.img' }, signal);

    expect(named.map(({ device }) => device)).toContain(mine.device);
    expect(named.map(({ device }) => device)).not.toContain(foreign.device);
  });

  it('waits for a user that closes the device soon', async () => {
    const file = await image('disk.img');
    const { device } = await host.loops.ensure({ file, readOnly: false, sectorSizeBytes: 512 }, signal);
    const user = await open(device, 'r');

    const detached = host.loops.detachAll(file, signal);
    await host.syscalls.getLoop({ device }, signal);
    await user.close();

    await expect(detached).resolves.toBeUndefined();
  });
});

describe.skipIf(skipsRootTests())('Loops over files of btrfs', () => {
  it("are found in subvolumes, where st_dev is the subvolume's own", async () => {
    await using scratch = await makeScratchFilesystem({ type: 'btrfs', sizeBytes: 256 << 20 });
    await using made = await makeTestHost();
    const { loops, syscalls } = made.host;
    await syscalls.createSubvolume({ path: join(scratch.path, 'v1') }, signal);
    const file = join(scratch.path, 'v1', 'disk.img');
    await writeFile(file, '');
    await truncate(file, sizeBytes);

    const device = await loops.ensure({ file, readOnly: false, sectorSizeBytes: 512 }, signal);
    const found = await loops.listOf(file, signal);
    await loops.detachAll(file, signal);

    expect(found).toEqual([device]);
    expect(await loops.listOf(file, signal)).toEqual([]);
  });
});
