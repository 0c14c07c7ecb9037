import { renewBtrfsIdentity } from './btrfs-identity.ts';
import type { Filesystem } from './filesystem.ts';
import { needsMount } from './growth.ts';
import type { FilesystemDeps } from './index.ts';
import { getSuperblock } from './read-superblock.ts';
import { createTools } from './tools.ts';

const MAKE_DEADLINE_MS = 600_000;

/** btrfs by btrfs-progs. Grows only while it is mounted; a clone needs an identity of its own. */
export function createBtrfs({ commands, syscalls }: FilesystemDeps): Filesystem {
  const tools = createTools(commands, 'btrfs-progs');
  return {
    type: 'btrfs',
    // mkfs.btrfs 6 makes smaller ones, but the kernel refuses to resize to less than this, and a volume has to be able to grow.
    minimumBytes: 256 * 1024 * 1024,
    programs: ['mkfs.btrfs'],
    debianPackage: 'btrfs-progs',
    // Since Linux 6.2 it discards by itself, which would take a preallocated file's blocks away.
    mountOptions: ['nodiscard'],
    growsOffline: false,
    async make(device, { label, sizeBytes }, signal) {
      // -K: no discard, which would take a preallocated file's blocks away. No -f: it refuses what is not blank.
      const size = sizeBytes === undefined ? [] : ['-b', `${sizeBytes}`];
      const argv = ['mkfs.btrfs', '-q', '-K', '-L', label, ...size, device] as const;
      await tools.run({ argv, deadlineMs: MAKE_DEADLINE_MS }, signal);
    },
    /** Only the superblock: btrfs is always consistent on disk, and damage is found by a scrub while it is mounted. */
    async check(device) {
      await getSuperblock(device, 'btrfs');
    },
    async grow({ device, mountPoint }, signal) {
      if (mountPoint === undefined) throw needsMount('btrfs', device);
      await syscalls.growBtrfs({ path: mountPoint }, signal);
    },
    async renewIdentity(device, signal) {
      await renewBtrfsIdentity(device, signal);
    },
  };
}
