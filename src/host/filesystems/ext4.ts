import { DriverError } from '../../domain/errors.ts';
import { isErrno } from '../errno.ts';
import type { Filesystem, GrowTarget } from './filesystem.ts';
import { fillsDevice } from './growth.ts';
import type { FilesystemDeps } from './index.ts';
import { getSuperblock } from './read-superblock.ts';
import { createTools, type Tools } from './tools.ts';

const MINUTE_MS = 60_000;
/** mkfs writes little (inode tables are left to the kernel), but the disk may be a slow one. */
const MAKE_DEADLINE_MS = 10 * MINUTE_MS;
/** A forced check reads all metadata. */
const CHECK_DEADLINE_MS = 12 * 60 * MINUTE_MS;
/** Ended in the middle of its work it may leave a broken file system, so this is longer than any resize takes. */
const RESIZE_DEADLINE_MS = 7 * 24 * 60 * MINUTE_MS;

/** ext4 by e2fsprogs. Grows offline, and online where the process has CAP_SYS_RESOURCE. */
export function createExt4({ commands, syscalls }: FilesystemDeps): Filesystem {
  const tools = createTools(commands, 'e2fsprogs');
  return {
    type: 'ext4',
    // Below this, mkfs leaves the journal out (measured: from 2 MiB with blocks of 1 KiB, from 8 MiB with 4 KiB).
    minimumBytes: 16 * 1024 * 1024,
    programs: ['mkfs.ext4', 'e2fsck', 'resize2fs'],
    debianPackage: 'e2fsprogs',
    mountOptions: [],
    growsOffline: true,
    async make(device, { label, sizeBytes }, signal) {
      // -m 0: no blocks kept for root. -F: never ask. nodiscard: a discard would take a preallocated file's blocks away.
      const options = ['-q', '-F', '-m', '0', '-E', 'nodiscard', '-L', label];
      const size = sizeBytes === undefined ? [] : [`${sizeBytes / 1024}k`];
      const argv = ['mkfs.ext4', ...options, device, ...size] as const;
      await tools.run({ argv, deadlineMs: MAKE_DEADLINE_MS }, signal);
    },
    async check(device, signal) {
      await checkExt4(tools, { device, isForced: false }, signal);
    },
    async grow(target, signal) {
      const { sizeBytes: deviceBytes } = await syscalls.getDeviceSize({ device: target.device }, signal);
      const { sizeBytes } = await getSuperblock(target.device, 'ext4');
      if (fillsDevice(sizeBytes, deviceBytes)) return;
      if (target.mountPoint === undefined) {
        // resize2fs refuses a file system that was used since it was last checked in full.
        await checkExt4(tools, { device: target.device, isForced: true }, signal);
        signal.throwIfAborted();
        const resize = { argv: ['resize2fs', target.device], deadlineMs: RESIZE_DEADLINE_MS } as const;
        // Never the caller's signal: once begun, it is not broken off.
        await tools.run(resize, new AbortController().signal);
        return;
      }
      try {
        await syscalls.growExt4({ path: target.mountPoint, sizeBytes: deviceBytes }, signal);
      } catch (error) {
        throw isErrno(error, 'EPERM') ? lacksCapability(target, error) : error;
      }
    },
  };
}

/** e2fsck -p. It exits with 0 or 1 when all is well now, with 2 when a *root* file system was repaired; the rest are failures. */
async function checkExt4(
  tools: Tools,
  { device, isForced }: { readonly device: string; readonly isForced: boolean },
  signal: AbortSignal,
): Promise<void> {
  const argv = ['e2fsck', ...(isForced ? ['-f'] : []), '-p', device] as const;
  const okExitCodes = Array.from({ length: 16 }, (_, code) => code);
  const result = await tools.run({ argv, okExitCodes, deadlineMs: CHECK_DEADLINE_MS }, signal);
  if (result.exitCode < 4) return;
  const said = `${result.stdout}\n${result.stderr}`.trim().slice(-500);
  const failure =
    result.exitCode < 8
      ? 'has errors that cannot be repaired without a decision'
      : 'could not be checked (is it in use?)';
  throw new DriverError(
    'PRECONDITION_FAILED',
    `The ext4 file system on ${device} ${failure}. Restore the volume from a snapshot, or run "e2fsck ${device}" by hand on this node. e2fsck said: ${said}`,
    { details: { exitCode: result.exitCode } },
  );
}

function lacksCapability(target: GrowTarget, cause: unknown): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `The ext4 file system at ${target.mountPoint ?? target.device} cannot grow while it is mounted, because this process lacks the capability SYS_RESOURCE. Give it that capability, or stage the volume anew: it grows before it is mounted.`,
    { cause },
  );
}
