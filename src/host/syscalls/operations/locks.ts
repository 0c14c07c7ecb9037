import type { Libc } from '../libc.ts';
import type { SynchronousSyscalls } from '../protocol.ts';

const PRIVATE_MODE = 0o600;

/** Locks on files. A descriptor belongs to the whole process: any worker gives back what another took. */
export function createLockOperations(libc: Libc): Pick<SynchronousSyscalls, 'lockFile' | 'unlockFile'> {
  return {
    lockFile({ path }) {
      const fd = libc.openOrCreate(path, PRIVATE_MODE);
      try {
        libc.lock(fd);
        return { handle: fd };
      } catch (error) {
        libc.close(fd);
        throw error;
      }
    },
    unlockFile: ({ handle }) => libc.close(handle),
  };
}
