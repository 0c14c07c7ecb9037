import { lstat, mkdir, open, realpath, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { DriverError } from '../../../domain/errors.ts';
import { isErrno } from '../../../host/errno.ts';

/**
 * The path as mountinfo has it: the directory above it resolved, the last component as it is, for what is mounted there may not
 * answer. Undefined when that directory does not exist or the path is no absolute one.
 */
export async function findCanonicalPath(path: string): Promise<string | undefined> {
  if (!isAbsolute(path) || path.includes('\0')) return undefined;
  const clean = normalize(path).replace(/\/+$/, '');
  if (clean === '') return '/';
  try {
    return join(await realpath(dirname(clean)), basename(clean));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) return undefined;
    throw error;
  }
}

/** Like {@link findCanonicalPath}, but throws PRECONDITION_FAILED: the caller of CSI makes the directory above a target. */
export async function getCanonicalPath(path: string): Promise<string> {
  const found = await findCanonicalPath(path);
  if (found !== undefined) return found;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `The directory above ${path} does not exist; whoever asks for a path there has to make it.`,
  );
}

/** What a target path is made into. */
export type TargetKind = 'directory' | 'file';

/**
 * Makes the target, or takes the one that is there: an earlier call may have got no further. Says whether it was made now. Throws
 * PRECONDITION_FAILED when something of another kind is there.
 */
export async function ensureTarget(path: string, kind: TargetKind): Promise<{ readonly isNew: boolean }> {
  try {
    if (kind === 'directory') await mkdir(path, { mode: 0o750 });
    else await (await open(path, 'wx', 0o600)).close();
    return { isNew: true };
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
  const stats = await lstat(path);
  const isRight = kind === 'directory' ? stats.isDirectory() : stats.isFile() && stats.size === 0;
  if (isRight) return { isNew: false };
  throw new DriverError(
    'PRECONDITION_FAILED',
    `The target ${path} exists already and is not ${kind === 'directory' ? 'a directory' : 'an empty file'}. Remove it and try again.`,
  );
}

/**
 * Removes a target that nothing is mounted on: an empty directory or an empty file, for that is what publishing makes. Missing is
 * fine. Throws PRECONDITION_FAILED for anything else: what is in there is somebody's data.
 */
export async function removeTarget(path: string): Promise<void> {
  try {
    const stats = await lstat(path);
    if (stats.isDirectory()) await rmdir(path);
    else if (stats.isFile() && stats.size === 0) await unlink(path);
    else throw keptTarget(path, 'it is neither a directory nor an empty file');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return;
    if (isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw keptTarget(path, 'it is not empty');
    throw error;
  }
}

function keptTarget(path: string, reason: string): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `The target ${path} was not removed, since ${reason} although nothing is mounted there. Look at what it holds and remove it by hand.`,
  );
}
