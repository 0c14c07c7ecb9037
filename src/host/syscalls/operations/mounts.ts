import { constants } from 'node:fs';
import type { Libc } from '../libc.ts';
import { O_PATH, withOpen } from '../open-file.ts';
import type { SynchronousSyscalls } from '../protocol.ts';
import type { FileSystemUse, MountFlag } from '../syscalls.ts';

/** MS_* of linux/mount.h. */
const MOUNT_FLAGS: Readonly<Record<MountFlag, number>> = {
  ro: 0x1,
  nosuid: 0x2,
  nodev: 0x4,
  noexec: 0x8,
  sync: 0x10,
  remount: 0x20,
  dirsync: 0x80,
  nosymfollow: 0x100,
  noatime: 0x400,
  nodiratime: 0x800,
  bind: 0x1000,
  rec: 0x4000,
  silent: 0x8000,
  private: 0x4_0000,
  shared: 0x10_0000,
  relatime: 0x20_0000,
  strictatime: 0x100_0000,
  lazytime: 0x200_0000,
};

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
const ST_RDONLY = 1n;

type MountOperations = Pick<SynchronousSyscalls, 'mount' | 'unmount' | 'statfs' | 'syncFileSystem'>;

/** Mounting, and what concerns a whole file system. */
export function createMountOperations(libc: Libc): MountOperations {
  return {
    mount: (call) =>
      libc.mount({
        source: call.source,
        target: call.target,
        fsType: call.fsType ?? null,
        flags: call.flags.reduce((bits, flag) => bits | MOUNT_FLAGS[flag], 0),
        data: call.data ?? null,
      }),
    unmount: (call) => libc.unmount(call.target, UMOUNT_NOFOLLOW | (call.detach === true ? MNT_DETACH : 0)),
    statfs: (call) =>
      withOpen(call.path, O_PATH, (fd) => {
        const buffer = Buffer.alloc(120);
        libc.statFileSystem(fd, buffer);
        return parseStatfs(buffer);
      }),
    syncFileSystem: (call) => withOpen(call.path, constants.O_RDONLY, (fd) => libc.syncFileSystem(fd)),
  };
}

/** struct statfs of 64-bit Linux: words of eight bytes up to f_ffree, then f_fsid, f_namelen, f_frsize, f_flags. */
function parseStatfs(buffer: Buffer): FileSystemUse {
  const word = (index: number): number => Number(buffer.readBigUInt64LE(index * 8));
  const blockBytes = word(9) || word(1);
  return {
    type: word(0),
    totalBytes: word(2) * blockBytes,
    freeBytes: word(3) * blockBytes,
    availableBytes: word(4) * blockBytes,
    totalInodes: word(5),
    freeInodes: word(6),
    readOnly: (buffer.readBigUInt64LE(80) & ST_RDONLY) !== 0n,
  };
}
