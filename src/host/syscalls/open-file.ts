import { closeSync, constants, openSync } from 'node:fs';

/** For a descriptor that only names something: no permission, no device and no FIFO's other end is asked for. */
export const O_PATH = 0x20_0000;

const SAFE = constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Opens `path`, whose last component must not be a symlink, runs `work` with the descriptor and closes it. Never waits
 * for a FIFO's other end. Node.js itself adds O_CLOEXEC.
 */
export function withOpen<T>(path: string, flags: number, work: (fd: number) => T): T {
  const fd = openSync(path, flags | SAFE);
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

/** {@link withOpen} of a directory. */
export function withDirectory<T>(path: string, work: (fd: number) => T): T {
  return withOpen(path, constants.O_RDONLY | constants.O_DIRECTORY, work);
}
