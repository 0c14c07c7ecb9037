import { constants } from 'node:fs';
import { isErrno, SystemCallError } from '../../errno.ts';
import type { IoctlRequest, Libc } from '../libc.ts';
import { withDirectory, withOpen } from '../open-file.ts';
import type { SynchronousSyscalls } from '../protocol.ts';
import type { Qgroup } from '../syscalls.ts';
import { SUBVOLUME_ROOT_INODE, lookUpInode, searchTree } from './btrfs-tree.ts';

const BTRFS_IOC_QUOTA_CTL: IoctlRequest = { name: 'BTRFS_IOC_QUOTA_CTL', number: 0xc010_9428 };
const BTRFS_IOC_QGROUP_LIMIT: IoctlRequest = { name: 'BTRFS_IOC_QGROUP_LIMIT', number: 0x8030_942b };
const BTRFS_IOC_QGROUP_CREATE: IoctlRequest = { name: 'BTRFS_IOC_QGROUP_CREATE', number: 0x4010_942a };

const BTRFS_IOC_QUOTA_RESCAN: IoctlRequest = { name: 'BTRFS_IOC_QUOTA_RESCAN', number: 0x4040_942c };
const BTRFS_IOC_QUOTA_RESCAN_STATUS: IoctlRequest = {
  name: 'BTRFS_IOC_QUOTA_RESCAN_STATUS',
  number: 0x8040_942d,
};
const BTRFS_IOC_SYNC: IoctlRequest = { name: 'BTRFS_IOC_SYNC', number: 0x9408 };

const QUOTA_CTL_ENABLE = 1n;
const LIMIT_MAX_RFER = 1n;
/** As a limit: take the limit away. */
const CLEAR_VALUE = 0xffff_ffff_ffff_ffffn;
const QUOTA_TREE = 8n;
const QGROUP_STATUS_KEY = 240;
const STATUS_INCONSISTENT = 4n;
const QGROUP_INFO_KEY = 242;
const QGROUP_LIMIT_KEY = 244;
const ENOENT = 2;
const EBUSY = 16;
const NOT_EMPTY = {
  code: 'EBUSY',
  errno: EBUSY,
  syscall: 'ioctl(BTRFS_IOC_QGROUP_CREATE)',
  message: 'The quota group is not empty.',
} as const;

type QgroupOperations = Pick<
  SynchronousSyscalls,
  'enableBtrfsQuota' | 'rescanLostQgroups' | 'setQgroupLimit' | 'getQgroup' | 'removeQgroup'
>;

/** Quota groups of level 0: one for each subvolume, of the same id. */
export function createQgroupOperations(libc: Libc): QgroupOperations {
  return {
    enableBtrfsQuota: (call) =>
      withDirectory(call.path, (fd) => {
        const argument = Buffer.alloc(16);
        argument.writeBigUInt64LE(QUOTA_CTL_ENABLE, 0);
        libc.ioctl(fd, BTRFS_IOC_QUOTA_CTL, argument);
      }),
    rescanLostQgroups: (call) => withDirectory(call.path, (fd) => rescanLost(libc, fd)),
    setQgroupLimit: (call) =>
      withDirectory(call.path, (fd) => {
        // struct btrfs_ioctl_qgroup_limit_args: u64 qgroupid, then u64 flags, max_rfer, max_excl, rsv_rfer, rsv_excl.
        const argument = Buffer.alloc(48);
        argument.writeBigUInt64LE(getSubvolumeId(libc, fd), 0);
        argument.writeBigUInt64LE(LIMIT_MAX_RFER, 8);
        argument.writeBigUInt64LE(call.limitBytes === undefined ? CLEAR_VALUE : BigInt(call.limitBytes), 16);
        libc.ioctl(fd, BTRFS_IOC_QGROUP_LIMIT, argument);
      }),
    getQgroup: (call) => withDirectory(call.path, (fd) => getQgroup(libc, fd)),
    removeQgroup: (call) =>
      withOpen(call.path, constants.O_RDONLY, (fd) => removeQgroup(libc, fd, call.subvolumeId)),
  };
}

function getSubvolumeId(libc: Libc, fd: number): bigint {
  return lookUpInode(libc, fd, { treeId: 0n, objectId: SUBVOLUME_ROOT_INODE }).treeId;
}

function getQgroup(libc: Libc, fd: number): Qgroup {
  const id = getSubvolumeId(libc, fd);
  const info = findItem(libc, fd, { type: QGROUP_INFO_KEY, id });
  if (info === undefined) {
    throw new SystemCallError({
      code: 'ENOENT',
      errno: ENOENT,
      syscall: 'ioctl(BTRFS_IOC_TREE_SEARCH_V2)',
      message: `The btrfs subvolume ${id} has no quota group.`,
    });
  }
  const limit = findItem(libc, fd, { type: QGROUP_LIMIT_KEY, id });
  const isLimited = limit !== undefined && (limit.readBigUInt64LE(0) & LIMIT_MAX_RFER) !== 0n;
  return {
    subvolumeId: Number(id),
    referencedBytes: Number(info.readBigUInt64LE(8)),
    exclusiveBytes: Number(info.readBigUInt64LE(24)),
    limitBytes: isLimited ? Number(limit.readBigUInt64LE(8)) : undefined,
  };
}

function findItem(
  libc: Libc,
  fd: number,
  key: { readonly type: number; readonly id: bigint },
): Buffer | undefined {
  const { type, id } = key;
  const range = { treeId: QUOTA_TREE, objectId: 0n, type, firstOffset: id, lastOffset: id };
  return searchTree(libc, fd, range)[0]?.data;
}

function rescanLost(libc: Libc, fd: number): boolean {
  // struct btrfs_ioctl_quota_rescan_args: u64 flags, u64 progress, u64 reserved[6].
  const argument = Buffer.alloc(64);
  libc.ioctl(fd, BTRFS_IOC_QUOTA_RESCAN_STATUS, argument);
  if (argument.readBigUInt64LE(0) !== 0n) return true;
  // struct btrfs_qgroup_status_item: u64 version, u64 generation, u64 flags, u64 rescan.
  const status = findStatus(libc, fd);
  if (status === undefined || (status.readBigUInt64LE(16) & STATUS_INCONSISTENT) === 0n) return false;
  try {
    libc.ioctl(fd, BTRFS_IOC_QUOTA_RESCAN, Buffer.alloc(64));
  } catch (error) {
    if (!isErrno(error, 'EINPROGRESS')) throw error;
  }
  return true;
}

/** Undefined where quotas are off. */
function findStatus(libc: Libc, fd: number): Buffer | undefined {
  try {
    return findItem(libc, fd, { type: QGROUP_STATUS_KEY, id: 0n });
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Whether a group refers to nothing any more, or is not there. */
function isEmpty(libc: Libc, fd: number, id: bigint): boolean {
  const info = findItem(libc, fd, { type: QGROUP_INFO_KEY, id });
  return info === undefined || (info.readBigUInt64LE(8) === 0n && info.readBigUInt64LE(24) === 0n);
}

function removeQgroup(libc: Libc, fd: number, subvolumeId: number): void {
  // struct btrfs_ioctl_qgroup_create_args: u64 create, u64 qgroupid.
  const argument = Buffer.alloc(16);
  argument.writeBigUInt64LE(BigInt(subvolumeId), 8);
  try {
    // The kernel (6.10 and newer) removes the group itself, and loses count of all others when one that is not empty is removed.
    if (!isEmpty(libc, fd, BigInt(subvolumeId))) throw new SystemCallError(NOT_EMPTY);
    libc.ioctl(fd, BTRFS_IOC_QGROUP_CREATE, argument);
  } catch (error) {
    // ENOTCONN: quotas are off, so that there are no groups.
    if (isErrno(error, 'ENOENT', 'ENOTCONN')) return;
    // The kernel's cleaner has not been at the deleted subvolume yet. This wakes it, which else happens every 30 s.
    if (isErrno(error, 'EBUSY')) libc.ioctlValue(fd, BTRFS_IOC_SYNC, 0);
    throw error;
  }
}
