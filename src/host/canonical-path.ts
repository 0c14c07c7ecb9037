import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isErrno } from './errno.ts';

/**
 * The path as mountinfo writes it: with symlinks above its last component resolved (/var/lib/kubelet is one on some
 * hosts), the last itself untouched, since a mount there may not answer. What does not exist is taken as it is written.
 */
export async function toCanonicalPath(path: string): Promise<string> {
  const absolute = resolve(path);
  if (absolute === '/') return absolute;
  try {
    return join(await realpath(dirname(absolute)), basename(absolute));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return absolute;
    throw error;
  }
}
