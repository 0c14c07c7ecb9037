import * as z from 'zod';
import { isErrno } from '../base/errno.ts';
import { DriverError } from '../domain/errors.ts';

/** Parses what a file of the registry holds. Throws POOL_UNAVAILABLE; what cannot be read is never overwritten: that would turn missing disks into new pools. */
export function parseRegistryText<T>(
  schema: z.ZodType<T>,
  file: { readonly path: string; readonly text: string },
): T {
  let json: unknown;
  try {
    json = JSON.parse(file.text);
  } catch (error) {
    throw unreadable(file.path, 'it is not JSON', error);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw unreadable(file.path, z.prettifyError(parsed.error), parsed.error);
}

/** The error for a registry below `root` for which this process, running as `uid`, could not do what it had to. */
export function toRegistryError(root: string, error: unknown, uid: number): DriverError {
  const reason = error instanceof Error ? error.message : 'it cannot be read';
  if (isErrno(error, 'EACCES', 'EPERM')) {
    return new DriverError(
      'POOL_UNAVAILABLE',
      `The registry of pools (${root}) cannot be used by user ${uid}, as whom this program runs: ${reason}. Give that user the directory and all that is in it (chown -R ${uid} ${root}), and run commands that change it as the same user.`,
      { cause: error },
    );
  }
  if (isErrno(error, 'EROFS')) {
    return new DriverError(
      'POOL_UNAVAILABLE',
      `The registry of pools (${root}) cannot be written: ${reason}. Mount its file system for writing, or set another stateDirectory.`,
      { cause: error },
    );
  }
  return unreadable(root, reason, error);
}

/** The error for a file or directory of a registry that is not what it should be. */
export function unreadable(path: string, reason: string, cause: unknown): DriverError {
  const obstacle = findObstacle(cause);
  if (obstacle !== undefined) {
    return new DriverError(
      'POOL_UNAVAILABLE',
      `The registry of pools (${path}) cannot be written: ${obstacle}. What was registered before is kept.`,
      { cause },
    );
  }
  return new DriverError(
    'POOL_UNAVAILABLE',
    `The registry of pools (${path}) cannot be used: ${reason}. Repair it; if you remove it, every pool is registered again from its disk, so mount all disks first.`,
    { cause },
  );
}

/** What keeps a registry that is as it should be from being written. */
function findObstacle(cause: unknown): string | undefined {
  if (isErrno(cause, 'ENOSPC', 'EDQUOT')) return 'its disk is full. Free some space there';
  if (isErrno(cause, 'EROFS')) return 'its disk is mounted read-only. Mount it read-write';
  return undefined;
}
