import { mkdir, realpath, stat } from 'node:fs/promises';
import { DriverError } from '../../../domain/errors.ts';
import { isErrno } from '../../../host/errno.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import { findMountAt } from '../../file/node/mount-table.ts';
import type { SharedPool } from '../config.ts';

/**
 * Whether the file system that everybody shares is where the pool wants it: else a directory of this node's own disk would be taken for it, and volumes made there. Throws
 * POOL_UNAVAILABLE.
 */
export async function checkSharedPath(
  { name, path, mountPoint }: SharedPool,
  { table, mountDirectory }: { readonly table: readonly MountEntry[]; readonly mountDirectory: string },
): Promise<void> {
  await checkCanonical(path, `path of pool ${name}`);
  if (mountPoint !== undefined) {
    // In a container the directory of the host is a mount also when nothing is mounted there in the host: of a directory of the disk below, then.
    if (findMountAt(table, mountPoint)?.root === '/') return;
    throw new DriverError(
      'POOL_UNAVAILABLE',
      `No file system has its root at ${mountPoint}, where pool ${name} wants one mounted (mountPoint): mount it on this node.`,
    );
  }
  await mkdir(mountDirectory, { recursive: true, mode: 0o700 });
  const [found, own] = [await stat(path), await stat(mountDirectory)];
  if (found.dev !== own.dev) return;
  throw new DriverError(
    'POOL_UNAVAILABLE',
    `The path ${path} of pool ${name} lies on this node's own disk, so the file system that all nodes share is not mounted there: mount it. If it is to be so, set mountPoint of the pool to the directory that the disk is mounted at.`,
  );
}

/** Throws PRECONDITION_FAILED for a path that leads over symbolic links: mountinfo knows it by another name. What does not exist yet is fine. */
export async function checkCanonical(path: string, what: string): Promise<void> {
  const real = await realpath(path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return path;
    throw error;
  });
  if (real === path) return;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `The ${what} is ${path} in the configuration, which is a symbolic link, or below one: write ${real}.`,
  );
}
