import { constants } from 'node:fs';
import type { Libc } from '../libc.ts';
import { O_PATH, withOpen } from '../open-file.ts';
import type { SynchronousSyscalls } from '../protocol.ts';
import type { BindFlag, FileSystemUse, MountFlag } from '../syscalls.ts';

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

/** MOUNT_ATTR_* of linux/mount.h. `relatime` is what the bits for access times are without any other. */
const BIND_ATTRIBUTES: Readonly<Record<BindFlag, bigint>> = {
  ro: 0x1n,
  nosuid: 0x2n,
  nodev: 0x4n,
  noexec: 0x8n,
  relatime: 0x0n,
  noatime: 0x10n,
  nodiratime: 0x80n,
  nosymfollow: 0x20_0000n,
};
const ACCESS_TIME_ATTRIBUTES = 0x70n;

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
const ST_RDONLY = 1n;

type MountOperations = Pick<
  SynchronousSyscalls,
  'mount' | 'bindMount' | 'unmount' | 'statfs' | 'syncFileSystem'
>;

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
    bindMount(call) {
      const fd = libc.cloneMount(call.source);
      try {
        if (call.flags.length > 0) libc.setMountAttributes(fd, toAttributes(call.flags));
        libc.attachMount(fd, call.target);
      } finally {
        libc.close(fd);
      }
    },
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

/** struct mount_attr: what to set, what to clear, propagation and user namespace left as they are. */
function toAttributes(flags: readonly BindFlag[]): Buffer {
  const setsAccessTime = flags.includes('noatime') || flags.includes('relatime');
  const buffer = Buffer.alloc(32);
  buffer.writeBigUInt64LE(
    flags.reduce((bits, flag) => bits | BIND_ATTRIBUTES[flag], 0n),
    0,
  );
  buffer.writeBigUInt64LE(setsAccessTime ? ACCESS_TIME_ATTRIBUTES : 0n, 8);
  return buffer;
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
