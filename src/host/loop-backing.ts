import { readFile } from 'node:fs/promises';
import { isErrno } from './errno.ts';

/**
 * The path of the file behind a loop device (`/dev/loop7`) as the kernel has it now: it follows renames, and ends in ` (deleted)` for
 * a file that is gone. Undefined when nothing is attached, or when the path is longer than the kernel tells. Only for telling whose a left-over device is: identity is (device, inode).
 */
export async function findBackingPath(device: string): Promise<string | undefined> {
  const name = /^\/dev\/(loop\d+)$/.exec(device)?.[1];
  if (name === undefined) return undefined;
  try {
    return (await readFile(`/sys/block/${name}/loop/backing_file`, 'utf8')).trimEnd();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENXIO', 'ENODEV', 'ENAMETOOLONG')) return undefined;
    throw error;
  }
}
