import { constants, fstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isErrno } from '../../errno.ts';
import type { IoctlRequest, Libc } from '../libc.ts';
import { withDirectory, withOpen } from '../open-file.ts';
import type { SynchronousSyscalls } from '../protocol.ts';
import type { SnapshotSubvolumeCall } from '../syscalls.ts';
import { SUBVOLUME_ROOT_INODE, lookUpInode, searchTree } from './btrfs-tree.ts';

const BTRFS_IOC_SUBVOL_CREATE_V2: IoctlRequest = { name: 'BTRFS_IOC_SUBVOL_CREATE_V2', number: 0x5000_9418 };
const BTRFS_IOC_SNAP_CREATE_V2: IoctlRequest = { name: 'BTRFS_IOC_SNAP_CREATE_V2', number: 0x5000_9417 };
const BTRFS_IOC_SNAP_DESTROY: IoctlRequest = { name: 'BTRFS_IOC_SNAP_DESTROY', number: 0x5000_940f };
const BTRFS_IOC_SUBVOL_GETFLAGS: IoctlRequest = { name: 'BTRFS_IOC_SUBVOL_GETFLAGS', number: 0x8008_9419 };
const BTRFS_IOC_SUBVOL_SETFLAGS: IoctlRequest = { name: 'BTRFS_IOC_SUBVOL_SETFLAGS', number: 0x4008_941a };

/** Both versions of struct btrfs_ioctl_vol_args are of this size; they differ in where the name is. */
const VOLUME_ARGUMENT_BYTES = 4096;
const NAME_V1 = 8;
const NAME_V2 = 56;
const NAME_MAX_BYTES = 255;
const SUBVOLUME_READ_ONLY = 2n;
const ROOT_TREE = 1n;
const ROOT_REF_KEY = 156;
/** struct btrfs_root_ref: u64 dirid, u64 sequence, u16 name_len, then the name. */
const ROOT_REF_NAME = 18;

type SubvolumeOperations = Pick<
  SynchronousSyscalls,
  | 'createSubvolume'
  | 'snapshotSubvolume'
  | 'deleteSubvolume'
  | 'findSubvolumeId'
  | 'setSubvolumeReadOnly'
  | 'listSubvolumes'
>;

/** Subvolumes and snapshots of btrfs. */
export function createSubvolumeOperations(libc: Libc): SubvolumeOperations {
  return {
    createSubvolume: (call) =>
      withDirectory(
        dirname(call.path),
        (fd) => void libc.ioctl(fd, BTRFS_IOC_SUBVOL_CREATE_V2, toArgument(call.path, NAME_V2)),
      ),
    snapshotSubvolume: (call) => snapshot(libc, call),
    deleteSubvolume: (call) =>
      withDirectory(
        dirname(call.path),
        (fd) => void libc.ioctl(fd, BTRFS_IOC_SNAP_DESTROY, toArgument(call.path, NAME_V1)),
      ),
    findSubvolumeId: (call) => findSubvolumeId(libc, call.path),
    setSubvolumeReadOnly: (call) =>
      withDirectory(call.path, (fd) => {
        const flags = Buffer.alloc(8);
        libc.ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, flags);
        const others = flags.readBigUInt64LE() & ~SUBVOLUME_READ_ONLY;
        flags.writeBigUInt64LE(others | (call.readOnly ? SUBVOLUME_READ_ONLY : 0n));
        libc.ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, flags);
      }),
    listSubvolumes: (call) => withDirectory(call.path, (fd) => listSubvolumes(libc, fd)),
  };
}

function toArgument(path: string, nameOffset: number): Buffer {
  const name = Buffer.from(basename(path));
  if (name.length === 0 || name.length > NAME_MAX_BYTES) {
    throw new RangeError(
      `A subvolume's name has 1 to ${NAME_MAX_BYTES} bytes, and "${path}" has ${name.length}.`,
    );
  }
  const argument = Buffer.alloc(VOLUME_ARGUMENT_BYTES);
  name.copy(argument, nameOffset);
  return argument;
}

function snapshot(libc: Libc, call: SnapshotSubvolumeCall): void {
  const argument = toArgument(call.target, NAME_V2);
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

function listSubvolumes(libc: Libc, fd: number): readonly string[] {
  const inode = fstatSync(fd, { bigint: true }).ino;
  const { treeId, path: prefix } = lookUpInode(libc, fd, { treeId: 0n, objectId: inode });
  const below = collectChildren(libc, fd, { treeId, path: '' })
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length));
  return below.sort((one, other) => depthOf(other) - depthOf(one));
}

/** Paths of all subvolumes in a tree and in those below it, relative to where the first search began. */
function collectChildren(
  libc: Libc,
  fd: number,
  parent: { readonly treeId: bigint; readonly path: string },
): readonly string[] {
  const items = searchTree(libc, fd, {
    treeId: ROOT_TREE,
    objectId: parent.treeId,
    type: ROOT_REF_KEY,
    firstOffset: 0n,
    lastOffset: 0xffff_ffff_ffff_ffffn,
  });
  return items.flatMap((item) => {
    const directory = lookUpInode(libc, fd, {
      treeId: parent.treeId,
      objectId: item.data.readBigUInt64LE(0),
    });
    const name = item.data.toString('utf8', ROOT_REF_NAME, ROOT_REF_NAME + item.data.readUInt16LE(16));
    const path = `${parent.path}${directory.path}${name}`;
    return [path, ...collectChildren(libc, fd, { treeId: item.offset, path: `${path}/` })];
  });
}

function depthOf(path: string): number {
  return path.split('/').length;
}
