import { constants, fstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isErrno } from '../../errno.ts';
import type { IoctlRequest, Libc } from '../libc.ts';
import { withDirectory, withOpen } from '../open-file.ts';
import type { SynchronousSyscalls } from '../protocol.ts';
import type { SnapshotSubvolumeCall } from '../syscalls.ts';
import { SUBVOLUME_ROOT_INODE, lookUpInode } from './btrfs-tree.ts';

const BTRFS_IOC_SUBVOL_CREATE_V2: IoctlRequest = { name: 'BTRFS_IOC_SUBVOL_CREATE_V2', number: 0x5000_9418 };
const BTRFS_IOC_SNAP_CREATE_V2: IoctlRequest = { name: 'BTRFS_IOC_SNAP_CREATE_V2', number: 0x5000_9417 };
const BTRFS_IOC_SUBVOL_GETFLAGS: IoctlRequest = { name: 'BTRFS_IOC_SUBVOL_GETFLAGS', number: 0x8008_9419 };
const BTRFS_IOC_SUBVOL_SETFLAGS: IoctlRequest = { name: 'BTRFS_IOC_SUBVOL_SETFLAGS', number: 0x4008_941a };

/** struct btrfs_ioctl_vol_args_v2: the name is at this offset. */
const VOLUME_ARGUMENT_BYTES = 4096;
const ARGUMENT_NAME = 56;
const NAME_MAX_BYTES = 255;
const SUBVOLUME_READ_ONLY = 2n;

type SubvolumeOperations = Pick<
  SynchronousSyscalls,
  'createSubvolume' | 'snapshotSubvolume' | 'findSubvolumeId' | 'setSubvolumeReadOnly'
>;

/** Subvolumes and snapshots of btrfs. */
export function createSubvolumeOperations(libc: Libc): SubvolumeOperations {
  return {
    createSubvolume: (call) =>
      withDirectory(
        dirname(call.path),
        (fd) => void libc.ioctl(fd, BTRFS_IOC_SUBVOL_CREATE_V2, toArgument(call.path)),
      ),
    snapshotSubvolume: (call) => snapshot(libc, call),
    findSubvolumeId: (call) => findSubvolumeId(libc, call.path),
    setSubvolumeReadOnly: (call) =>
      withDirectory(call.path, (fd) => {
        const flags = Buffer.alloc(8);
        libc.ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, flags);
        const others = flags.readBigUInt64LE() & ~SUBVOLUME_READ_ONLY;
        flags.writeBigUInt64LE(others | (call.readOnly ? SUBVOLUME_READ_ONLY : 0n));
        libc.ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, flags);
      }),
  };
}

function toArgument(path: string): Buffer {
  const name = Buffer.from(basename(path));
  if (name.length === 0 || name.length > NAME_MAX_BYTES) {
    throw new RangeError(
      `A subvolume's name has 1 to ${NAME_MAX_BYTES} bytes, and "${path}" has ${name.length}.`,
    );
  }
  const argument = Buffer.alloc(VOLUME_ARGUMENT_BYTES);
  name.copy(argument, ARGUMENT_NAME);
  return argument;
}

function snapshot(libc: Libc, call: SnapshotSubvolumeCall): void {
  const argument = toArgument(call.target);
  argument.writeBigUInt64LE(call.readOnly ? SUBVOLUME_READ_ONLY : 0n, 16);
  withDirectory(call.source, (sourceFd) => {
    argument.writeBigInt64LE(BigInt(sourceFd), 0);
    withDirectory(dirname(call.target), (fd) => void libc.ioctl(fd, BTRFS_IOC_SNAP_CREATE_V2, argument));
  });
}

function findSubvolumeId(libc: Libc, path: string): { subvolumeId: number } | undefined {
  return withOpen(path, constants.O_RDONLY, (fd) => {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isDirectory() || stat.ino !== SUBVOLUME_ROOT_INODE) return undefined;
    try {
      return { subvolumeId: Number(lookUpInode(libc, fd, { treeId: 0n, objectId: stat.ino }).treeId) };
    } catch (error) {
      // Another file system, whose directory happens to have this inode number.
      if (isErrno(error, 'ENOTTY', 'EOPNOTSUPP')) return undefined;
      throw error;
    }
  });
}
