import type { IoctlRequest, Libc } from '../libc.ts';
import { isErrno } from '../../errno.ts';
import { withDirectory } from '../open-file.ts';
import type { SynchronousSyscalls } from '../protocol.ts';

const EXT4_IOC_RESIZE_FS: IoctlRequest = { name: 'EXT4_IOC_RESIZE_FS', number: 0x4008_6610 };
const XFS_IOC_FSGEOMETRY: IoctlRequest = { name: 'XFS_IOC_FSGEOMETRY', number: 0x8100_587e };
const XFS_IOC_FSGROWFSDATA: IoctlRequest = { name: 'XFS_IOC_FSGROWFSDATA', number: 0x4010_586e };
const BTRFS_IOC_FS_INFO: IoctlRequest = { name: 'BTRFS_IOC_FS_INFO', number: 0x8400_941f };
const BTRFS_IOC_DEV_INFO: IoctlRequest = { name: 'BTRFS_IOC_DEV_INFO', number: 0xd000_941e };
const BTRFS_IOC_RESIZE: IoctlRequest = { name: 'BTRFS_IOC_RESIZE', number: 0x5000_9403 };

const STATFS_BYTES = 120;
const XFS_GEOMETRY_BYTES = 256;
const BTRFS_ARGUMENT_BYTES = 4096;

/** Online growth of mounted file systems. A file system that already has the size is left as it is. */
export function createGrowthOperations(
  libc: Libc,
): Pick<SynchronousSyscalls, 'growExt4' | 'growXfs' | 'growBtrfs'> {
  return {
    growExt4: (call) => withDirectory(call.path, (fd) => growExt4(libc, fd, call.sizeBytes)),
    growXfs: (call) => withDirectory(call.path, (fd) => growXfs(libc, fd, call.sizeBytes)),
    growBtrfs: (call) => withDirectory(call.path, (fd) => growBtrfs(libc, fd)),
  };
}

function growExt4(libc: Libc, fd: number, sizeBytes: number): void {
  const use = Buffer.alloc(STATFS_BYTES);
  libc.statFileSystem(fd, use);
  const blocks = Buffer.alloc(8);
  blocks.writeBigUInt64LE(BigInt(sizeBytes) / use.readBigUInt64LE(8));
  libc.ioctl(fd, EXT4_IOC_RESIZE_FS, blocks);
}

function growXfs(libc: Libc, fd: number, sizeBytes: number): void {
  const geometry = Buffer.alloc(XFS_GEOMETRY_BYTES);
  libc.ioctl(fd, XFS_IOC_FSGEOMETRY, geometry);
  const wanted = BigInt(sizeBytes) / BigInt(geometry.readUInt32LE(0));
  if (wanted <= geometry.readBigUInt64LE(32)) return;
  // struct xfs_growfs_data: u64 newblocks, u32 imaxpct, which stays as it is.
  const growth = Buffer.alloc(16);
  growth.writeBigUInt64LE(wanted, 0);
  growth.writeUInt32LE(geometry.readUInt32LE(28), 8);
  libc.ioctl(fd, XFS_IOC_FSGROWFSDATA, growth);
}

/** Device ids need not start at 1 (after a replacement they don't), so that the ones in use are asked for. */
function growBtrfs(libc: Libc, fd: number): void {
  const info = Buffer.alloc(1024);
  libc.ioctl(fd, BTRFS_IOC_FS_INFO, info);
  const largestId = info.readBigUInt64LE(0);
  for (let id = 1n; id <= largestId; id += 1n) {
    if (hasBtrfsDevice(libc, fd, id)) resizeBtrfsDevice(libc, fd, id);
  }
}

function hasBtrfsDevice(libc: Libc, fd: number, id: bigint): boolean {
  const argument = Buffer.alloc(BTRFS_ARGUMENT_BYTES);
  argument.writeBigUInt64LE(id, 0);
  try {
    libc.ioctl(fd, BTRFS_IOC_DEV_INFO, argument);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENODEV')) return false;
    throw error;
  }
}

function resizeBtrfsDevice(libc: Libc, fd: number, id: bigint): void {
  const argument = Buffer.alloc(BTRFS_ARGUMENT_BYTES);
  argument.write(`${id}:max`, 8, 'latin1');
  libc.ioctl(fd, BTRFS_IOC_RESIZE, argument);
}
