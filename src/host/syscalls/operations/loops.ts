import { constants, existsSync, fsyncSync, readFileSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { isErrno } from '../../errno.ts';
import type { IoctlRequest, Libc } from '../libc.ts';
import { withOpen } from '../open-file.ts';
import type { SynchronousSyscalls } from '../protocol.ts';
import type {
  AttachedLoop,
  AttachLoopCall,
  LoopAddress,
  LoopBacking,
  LoopCall,
  LoopStatus,
} from '../syscalls.ts';

const LOOP_CTL_GET_FREE: IoctlRequest = { name: 'LOOP_CTL_GET_FREE', number: 0x4c82 };
const LOOP_CONFIGURE: IoctlRequest = { name: 'LOOP_CONFIGURE', number: 0x4c0a };
const LOOP_CLR_FD: IoctlRequest = { name: 'LOOP_CLR_FD', number: 0x4c01 };
const LOOP_SET_STATUS64: IoctlRequest = { name: 'LOOP_SET_STATUS64', number: 0x4c04 };
const LOOP_GET_STATUS64: IoctlRequest = { name: 'LOOP_GET_STATUS64', number: 0x4c05 };
const LOOP_SET_CAPACITY: IoctlRequest = { name: 'LOOP_SET_CAPACITY', number: 0x4c07 };
const BLKGETSIZE64: IoctlRequest = { name: 'BLKGETSIZE64', number: 0x8008_1272 };
const BLKFLSBUF: IoctlRequest = { name: 'BLKFLSBUF', number: 0x1261 };

const LO_FLAGS_READ_ONLY = 1;
const LO_FLAGS_AUTOCLEAR = 4;
const LO_FLAGS_DIRECT_IO = 16;

/** struct loop_config: u32 fd, u32 block_size, then struct loop_info64. */
const CONFIG_BYTES = 304;
const CONFIG_INFO = 8;
/** struct loop_info64. */
const INFO_BYTES = 232;
const INFO_OFFSET = 24;
const INFO_SIZE_LIMIT = 32;
const INFO_FLAGS = 52;
const INFO_FILE_NAME = 56;
const FILE_NAME_BYTES = 64;

const BLOCK_DEVICE_MODE = 0o60_600;
const ATTACH_ATTEMPTS = 64;

type LoopOperations = Pick<
  SynchronousSyscalls,
  | 'attachLoop'
  | 'detachLoop'
  | 'keepLoop'
  | 'resizeLoop'
  | 'getLoop'
  | 'listLoops'
  | 'getDeviceSize'
  | 'probeExclusive'
  | 'flushDevice'
>;

/** Loop devices, and block devices as such. */
export function createLoopOperations(libc: Libc): LoopOperations {
  return {
    attachLoop: (call) => attachLoop(libc, call),
    detachLoop: (call) => detachLoop(libc, call),
    keepLoop: (call) => keepLoop(libc, call),
    resizeLoop: (call) =>
      withOpen(call.device, constants.O_RDONLY, (fd) => void libc.ioctlValue(fd, LOOP_SET_CAPACITY, 0)),
    getLoop: (call) => findLoop(libc, call.device),
    listLoops: (call) => listLoops(libc, call.fileName),
    getDeviceSize: (call) =>
      withOpen(call.device, constants.O_RDONLY, (fd) => {
        const size = Buffer.alloc(8);
        libc.ioctl(fd, BLKGETSIZE64, size);
        return { sizeBytes: Number(size.readBigUInt64LE()) };
      }),
    probeExclusive: (call) => withOpen(call.device, constants.O_RDONLY | constants.O_EXCL, () => undefined),
    flushDevice: (call) =>
      withOpen(call.device, constants.O_RDONLY, (fd) => {
        fsyncSync(fd);
        libc.ioctlValue(fd, BLKFLSBUF, 0);
      }),
  };
}

function attachLoop(libc: Libc, call: AttachLoopCall): LoopAddress {
  const access = call.readOnly ? constants.O_RDONLY : constants.O_RDWR;
  return withOpen(call.file, access, (backingFd) => {
    for (let attempt = 1; ; attempt += 1) {
      const address = nextFreeDevice(libc);
      try {
        withOpen(address.device, access, (fd) => configureLoop(libc, fd, { ...call, backingFd }));
        return address;
      } catch (error) {
        // Another process took this device between the two calls.
        if (!isErrno(error, 'EBUSY') || attempt === ATTACH_ATTEMPTS) throw error;
      }
    }
  });
}

function nextFreeDevice(libc: Libc): LoopAddress {
  const number = withOpen('/dev/loop-control', constants.O_RDWR, (fd) =>
    libc.ioctlValue(fd, LOOP_CTL_GET_FREE, 0),
  );
  return ensureNode(libc, `loop${number}`);
}

/** The device's node, made now in a /dev that nobody fills, as in a container without udev. */
function ensureNode(libc: Libc, name: string): LoopAddress {
  const device = `/dev/${name}`;
  const majorMinor = readFileSync(`/sys/block/${name}/dev`, 'utf8').trim();
  if (existsSync(device)) return { device, majorMinor };
  const [major = 0, minor = 0] = majorMinor.split(':').map(Number);
  const encoded = (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
  try {
    libc.makeNode(device, BLOCK_DEVICE_MODE, encoded);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  return { device, majorMinor };
}

function configureLoop(libc: Libc, fd: number, call: AttachLoopCall & { readonly backingFd: number }): void {
  const config = Buffer.alloc(CONFIG_BYTES);
  config.writeUInt32LE(call.backingFd, 0);
  config.writeUInt32LE(call.sectorSizeBytes, 4);
  const info = config.subarray(CONFIG_INFO);
  const readOnly = call.readOnly ? LO_FLAGS_READ_ONLY : 0;
  // What losetup shows when it cannot see the path; cut to what the kernel holds, with its final zero.
  info.write(call.file, INFO_FILE_NAME, FILE_NAME_BYTES - 1, 'latin1');
  info.writeUInt32LE(readOnly | (call.directIo ? LO_FLAGS_DIRECT_IO : 0), INFO_FLAGS);
  try {
    libc.ioctl(fd, LOOP_CONFIGURE, config);
  } catch (error) {
    if (!call.directIo || !isErrno(error, 'EINVAL')) throw error;
    info.writeUInt32LE(readOnly, INFO_FLAGS);
    libc.ioctl(fd, LOOP_CONFIGURE, config);
  }
}

/** While the device is open here the kernel does not detach it, so that what is compared is what is detached. */
function detachLoop(libc: Libc, { device, ...backing }: LoopCall): void {
  withAttached(device, (fd) => {
    const status = toStatus(readInfo(libc, fd));
    if (isOver(status, backing)) libc.ioctlValue(fd, LOOP_CLR_FD, 0);
  });
}

/** Likewise: once it is open, a detach that waits for the last user waits for this one, too. */
function keepLoop(libc: Libc, { device, ...backing }: LoopCall): boolean {
  const status = withAttached(device, (fd) => {
    const info = readInfo(libc, fd);
    const found = toStatus(info);
    if (!found.detaching || !isOver(found, backing)) return found;
    info.writeUInt32LE(info.readUInt32LE(INFO_FLAGS) & ~LO_FLAGS_AUTOCLEAR, INFO_FLAGS);
    libc.ioctl(fd, LOOP_SET_STATUS64, info);
    return toStatus(readInfo(libc, fd));
  });
  return status !== undefined && !status.detaching && isOver(status, backing);
}

function isOver(status: LoopStatus, { backingDevice, backingInode }: LoopBacking): boolean {
  return status.backingDevice === backingDevice && status.backingInode === backingInode;
}

function findLoop(libc: Libc, device: string): LoopStatus | undefined {
  return withAttached(device, (fd) => toStatus(readInfo(libc, fd)));
}

/** Works with the open device; undefined when no file is attached to it. */
function withAttached<T>(device: string, work: (fd: number) => T): T | undefined {
  try {
    return withOpen(device, constants.O_RDONLY, work);
  } catch (error) {
    if (isErrno(error, 'ENXIO', 'ENOENT', 'ENODEV')) return undefined;
    throw error;
  }
}

function readInfo(libc: Libc, fd: number): Buffer {
  const info = Buffer.alloc(INFO_BYTES);
  libc.ioctl(fd, LOOP_GET_STATUS64, info);
  return info;
}

function toStatus(info: Buffer): LoopStatus {
  const flags = info.readUInt32LE(INFO_FLAGS);
  return {
    backingDevice: info.readBigUInt64LE(0),
    backingInode: info.readBigUInt64LE(8),
    readOnly: (flags & LO_FLAGS_READ_ONLY) !== 0,
    directIo: (flags & LO_FLAGS_DIRECT_IO) !== 0,
    detaching: (flags & LO_FLAGS_AUTOCLEAR) !== 0,
    partial: info.readBigUInt64LE(INFO_OFFSET) !== 0n || info.readBigUInt64LE(INFO_SIZE_LIMIT) !== 0n,
  };
}

function listLoops(libc: Libc, fileName: string | undefined): readonly AttachedLoop[] {
  const attached: AttachedLoop[] = [];
  for (const name of readdirSync('/sys/block')) {
    // sysfs has this directory only while a file is attached.
    if (!name.startsWith('loop') || !existsSync(`/sys/block/${name}/loop`)) continue;
    if (fileName !== undefined && !hasFileName(name, fileName)) continue;
    const address = ensureNode(libc, name);
    const status = findLoop(libc, address.device);
    if (status !== undefined) attached.push({ ...address, ...status });
  }
  return attached;
}

/** By the path that sysfs keeps, which follows renames; true when it cannot be told. */
function hasFileName(name: string, fileName: string): boolean {
  try {
    const path = readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trimEnd();
    return basename(path) === fileName || basename(path) === `${fileName} (deleted)`;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENXIO', 'ENODEV', 'ENAMETOOLONG')) return true;
    throw error;
  }
}
