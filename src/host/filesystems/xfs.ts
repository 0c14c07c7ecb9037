import type { Filesystem } from './filesystem.ts';
import { fillsDevice, needsMount } from './growth.ts';
import type { FilesystemDeps } from './index.ts';
import { getSuperblock } from './read-superblock.ts';
import { createTools } from './tools.ts';

const MAKE_DEADLINE_MS = 600_000;

/** xfs by xfsprogs, with reflink (the default since 5.1). Grows only while it is mounted. */
export function createXfs({ commands, syscalls }: FilesystemDeps): Filesystem {
  const tools = createTools(commands, 'xfsprogs');
  return {
    type: 'xfs',
    // mkfs.xfs 6 refuses less than 300 MiB, and the formatter's tail comes on top.
    minimumBytes: 301 * 1024 * 1024,
    programs: ['mkfs.xfs'],
    debianPackage: 'xfsprogs',
    // A clone has its source's UUID, which xfs refuses to mount twice.
    mountOptions: ['nouuid'],
    growsOffline: false,
    async make(device, { label, sizeBytes }, signal) {
      // -K: no discard, which would take a preallocated file's blocks away. No -f: it refuses what is not blank.
      const size = sizeBytes === undefined ? [] : ['-d', `size=${sizeBytes}`];
      const argv = ['mkfs.xfs', '-q', '-K', '-m', 'reflink=1', '-L', label, ...size, device] as const;
      await tools.run({ argv, deadlineMs: MAKE_DEADLINE_MS }, signal);
    },
    /** Only the superblock: the mount replays the log, and xfs_repair must not run before that. */
    async check(device) {
      await getSuperblock(device, 'xfs');
    },
    async grow({ device, mountPoint }, signal) {
      if (mountPoint === undefined) throw needsMount('xfs', device);
      const { sizeBytes: deviceBytes } = await syscalls.getDeviceSize({ device }, signal);
      // On a mounted xfs this may be an older size, never a later one; the call below leaves what is large enough alone.
      const { sizeBytes } = await getSuperblock(device, 'xfs');
      if (fillsDevice(sizeBytes, deviceBytes)) return;
      await syscalls.growXfs({ path: mountPoint, sizeBytes: deviceBytes }, signal);
    },
  };
}
