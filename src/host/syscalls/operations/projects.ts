import { constants } from 'node:fs';
import { isErrno } from '../../errno.ts';
import type { IoctlRequest, Libc } from '../libc.ts';
import { withOpen } from '../open-file.ts';
import type { SynchronousSyscalls } from '../protocol.ts';
import type { ProjectQuota, SetProjectQuotaCall } from '../syscalls.ts';

const FS_IOC_FSGETXATTR: IoctlRequest = { name: 'FS_IOC_FSGETXATTR', number: 0x801c_581f };
const FS_IOC_FSSETXATTR: IoctlRequest = { name: 'FS_IOC_FSSETXATTR', number: 0x401c_5820 };
const FS_XFLAG_PROJINHERIT = 0x200;
/** struct fsxattr: u32 xflags, extsize, nextents, projid, cowextsize, then padding. */
const XATTR_BYTES = 28;
const XATTR_PROJECT = 12;

/** QCMD(Q_X…, PRJQUOTA) of linux/quota.h and linux/dqblk_xfs.h; the kernel serves them for ext4 too. */
const GET_QUOTA = 0x58_0302;
const SET_LIMITS = 0x58_0402;
const GET_NEXT_QUOTA = 0x58_0902;
/** struct fs_disk_quota. Blocks in it are always of 512 bytes. */
const QUOTA_BYTES = 112;
const QUOTA_BLOCK_BYTES = 512;
const FS_DQUOT_VERSION = 1;
const FS_PROJ_QUOTA = 2;
const FS_DQ_BSOFT = 4;
const FS_DQ_BHARD = 8;

type ProjectOperations = Pick<
  SynchronousSyscalls,
  'getProject' | 'setProject' | 'getProjectQuota' | 'setProjectQuota' | 'findNextProjectQuota'
>;

/** Project ids of files and the quotas of projects (xfs, ext4). */
export function createProjectOperations(libc: Libc): ProjectOperations {
  return {
    getProject: (call) =>
      withOpen(call.path, constants.O_RDONLY, (fd) => {
        const attributes = readAttributes(libc, fd);
        return {
          projectId: attributes.readUInt32LE(XATTR_PROJECT),
          inherit: (attributes.readUInt32LE(0) & FS_XFLAG_PROJINHERIT) !== 0,
        };
      }),
    setProject: (call) =>
      withOpen(call.path, constants.O_RDONLY, (fd) => {
        const attributes = readAttributes(libc, fd);
        const others = attributes.readUInt32LE(0) & ~FS_XFLAG_PROJINHERIT;
        attributes.writeUInt32LE((others | (call.inherit ? FS_XFLAG_PROJINHERIT : 0)) >>> 0, 0);
        attributes.writeUInt32LE(call.projectId, XATTR_PROJECT);
        libc.ioctl(fd, FS_IOC_FSSETXATTR, attributes);
      }),
    getProjectQuota: (call) => getQuota(libc, call),
    setProjectQuota: (call) => setQuota(libc, call),
    findNextProjectQuota: (call) => findNextQuota(libc, call),
  };
}

function readAttributes(libc: Libc, fd: number): Buffer {
  const attributes = Buffer.alloc(XATTR_BYTES);
  libc.ioctl(fd, FS_IOC_FSGETXATTR, attributes);
  return attributes;
}

/** A project that nothing was ever charged to has no record on xfs (ENOENT); ext4 answers zeros. Zeros for both. */
function getQuota(libc: Libc, call: { readonly path: string; readonly projectId: number }): ProjectQuota {
  const { path, projectId } = call;
  const buffer = Buffer.alloc(QUOTA_BYTES);
  try {
    withOpen(path, constants.O_RDONLY, (fd) => libc.quota(fd, GET_QUOTA, projectId, buffer));
  } catch (error) {
    if (!isErrno(error, 'ENOENT') || !isQuotaError(error)) throw error;
    return { projectId, usedBytes: 0, usedInodes: 0, limitBytes: 0, limitInodes: 0 };
  }
  return parseQuota(buffer);
}

function setQuota(libc: Libc, call: SetProjectQuotaCall): void {
  const buffer = Buffer.alloc(QUOTA_BYTES);
  buffer.writeInt8(FS_DQUOT_VERSION, 0);
  buffer.writeInt8(FS_PROJ_QUOTA, 1);
  buffer.writeUInt16LE(FS_DQ_BHARD | FS_DQ_BSOFT, 2);
  buffer.writeUInt32LE(call.projectId, 4);
  buffer.writeBigUInt64LE(BigInt(Math.ceil(call.limitBytes / QUOTA_BLOCK_BYTES)), 8);
  withOpen(call.path, constants.O_RDONLY, (fd) => libc.quota(fd, SET_LIMITS, call.projectId, buffer));
}

function findNextQuota(
  libc: Libc,
  call: { readonly path: string; readonly fromId: number },
): ProjectQuota | undefined {
  const buffer = Buffer.alloc(QUOTA_BYTES);
  try {
    withOpen(call.path, constants.O_RDONLY, (fd) => libc.quota(fd, GET_NEXT_QUOTA, call.fromId, buffer));
  } catch (error) {
    if (isErrno(error, 'ENOENT') && isQuotaError(error)) return undefined;
    throw error;
  }
  return parseQuota(buffer);
}

/** Tells the quota's ENOENT from that of a path that does not exist. */
function isQuotaError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && error.syscall === 'quotactl_fd';
}

function parseQuota(buffer: Buffer): ProjectQuota {
  const word = (offset: number): number => Number(buffer.readBigUInt64LE(offset));
  return {
    projectId: buffer.readUInt32LE(4),
    usedBytes: word(40) * QUOTA_BLOCK_BYTES,
    usedInodes: word(48),
    limitBytes: word(8) * QUOTA_BLOCK_BYTES,
    limitInodes: word(24),
  };
}
