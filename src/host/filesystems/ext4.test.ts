import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unusable } from '../../../test/support/unusable.ts';
import type { Command, Commands } from '../host.ts';
import type { Syscalls } from '../syscalls/syscalls.ts';
import { createExt4 } from './ext4.ts';

/** The start of a device with an ext4 of 1,000 blocks of 4 KiB. */
function makeSuperblock(): Buffer {
  const bytes = Buffer.alloc(128 * 1024);
  bytes.writeUInt32LE(1000, 1024 + 0x4);
  bytes.writeUInt32LE(2, 1024 + 0x18);
  bytes.writeUInt16LE(0xef53, 1024 + 0x38);
  bytes.writeUInt32LE(0x2c2, 1024 + 0x60);
  return bytes;
}

describe('growing ext4 before it is mounted', () => {
  it('is not broken off once it has begun', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-ext4-'));
    const device = join(directory.path, 'device');
    await writeFile(device, makeSuperblock());
    const caller = new AbortController();
    const programs: string[] = [];
    const run = async ({ argv }: Command, signal: AbortSignal) => {
      programs.push(argv[0]);
      if (argv[0] === 'resize2fs') caller.abort(new Error('the caller left'));
      await Promise.resolve();
      signal.throwIfAborted();
      return { exitCode: 0, stdout: '', stderr: '' };
    };
    const getDeviceSize = () => Promise.resolve({ sizeBytes: 2 ** 30 });
    const ext4 = createExt4({
      commands: unusable<Commands>('commands', { run }),
      syscalls: unusable<Syscalls>('syscalls', { getDeviceSize }),
    });

    await ext4.grow({ device, mountPoint: undefined }, caller.signal);

    expect(programs).toEqual(['e2fsck', 'resize2fs']);
    expect(caller.signal.aborted).toBe(true);
  });
});
