import { createWriteStream } from 'node:fs';
import { mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FsType } from '../../../src/domain/access.ts';
import { makeImage, makeScratchDirectory, type ScratchDirectory } from '../../support/scratch.ts';
import { createGuestHost, type GuestHost } from './guest-host.ts';

const MI = 2 ** 20;
const NEVER = new AbortController().signal;

/** An image that is mounted through a loop device, as a volume is. */
interface MountedImage {
  readonly file: string;
  readonly device: string;
  readonly path: string;
}

describe.each<{ readonly type: FsType; readonly fromMiB: number; readonly toMiB: number }>([
  { type: 'ext4', fromMiB: 64, toMiB: 256 },
  { type: 'xfs', fromMiB: 320, toMiB: 640 },
  { type: 'btrfs', fromMiB: 128, toMiB: 256 },
])('a mounted image with $type', ({ type, fromMiB, toMiB }) => {
  let host: GuestHost;
  let scratch: ScratchDirectory;
  beforeAll(async () => {
    host = createGuestHost();
    scratch = await makeScratchDirectory();
  });
  afterAll(async () => {
    await host.close();
    await scratch[Symbol.asyncDispose]();
  });

  async function mountImage(name: string): Promise<MountedImage> {
    const [file, path] = [join(scratch.path, `${name}.img`), join(scratch.path, name)];
    await makeImage(file, { type, sizeBytes: fromMiB * MI });
    await mkdir(path);
    const { device } = await host.loops.ensure({ file, readOnly: false, sectorSizeBytes: 512 }, NEVER);
    const { mountOptions } = host.filesystems.getFilesystem(type);
    await host.mounts.mount(
      { source: device, target: path, fsType: type, readOnly: false, options: mountOptions },
      NEVER,
    );
    return { file, device, path };
  }

  async function grow({ file, device, path }: MountedImage): Promise<void> {
    await truncate(file, toMiB * MI);
    await host.loops.resize(device, NEVER);
    await host.filesystems.getFilesystem(type).grow({ device, mountPoint: path }, NEVER);
  }

  it('grows while files are being written, and loses nothing', async () => {
    const image = await mountImage('busy');
    const before = await host.syscalls.statfs({ path: image.path }, NEVER);
    const content = Buffer.alloc(8 * MI, 'what was there before');
    await writeFile(join(image.path, 'before'), content, { flush: true });
    const during = createWriteStream(join(image.path, 'during'), { flush: true });
    for (let chunk = 0; chunk < 64; chunk += 1) during.write(Buffer.alloc(64 * 1024, chunk));

    await grow(image);

    during.end();
    await finished(during);
    const after = await host.syscalls.statfs({ path: image.path }, NEVER);
    expect(after.totalBytes - before.totalBytes).toBeGreaterThan(0.9 * (toMiB - fromMiB) * MI);
    // Not by toEqual, which looks at each byte by itself: half a minute, here.
    expect(content.equals(await readFile(join(image.path, 'before')))).toBe(true);
    expect((await readFile(join(image.path, 'during'))).length).toBe(4 * MI);
  });

  it('takes more than it could have held before', async () => {
    const image = await mountImage('full');
    const path = join(image.path, 'large');
    const [offset, length] = [0, (fromMiB + 16) * MI];
    await writeFile(path, '');
    await expect(host.syscalls.allocate({ path, offset, length }, NEVER)).rejects.toMatchObject({
      code: 'ENOSPC',
    });

    await grow(image);

    await host.syscalls.allocate({ path, offset, length }, NEVER);
    expect((await stat(path)).size).toBe(length);
  });

  it('has nothing to do when it is that large already', async () => {
    const image = await mountImage('twice');
    await grow(image);

    await grow(image);

    const { totalBytes } = await host.syscalls.statfs({ path: image.path }, NEVER);
    expect(totalBytes).toBeGreaterThan(0.8 * toMiB * MI);
  });
});
