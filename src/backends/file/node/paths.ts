import { lstat, mkdir, open, realpath, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import { DriverError } from '../../../domain/errors.ts';
import { isErrno } from '../../../host/errno.ts';

/**
 * The path as mountinfo has it: the directory above it resolved, the last component as it is, for what is mounted there may not
 * answer. Undefined when that directory does not exist or the path is no absolute one. Throws PRECONDITION_FAILED when it does not answer.
 */
export async function findCanonicalPath(path: string): Promise<string | undefined> {
  if (!isAbsolute(path) || path.includes('\0')) return undefined;
  const clean = normalize(path).replace(/\/+$/, '');
  if (clean === '') return '/';
  try {
    return join(await realpath(dirname(clean)), basename(clean));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG')) return undefined;
    throw new DriverError(
      'PRECONDITION_FAILED',
      `The directory above ${path} cannot be looked at: ${toReason(error)}. Check the disk that it lies on.`,
      { cause: error },
    );
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

/**
 * Throws PRECONDITION_FAILED unless a directory is at the path, for a file system to be mounted on. Nothing is mounted there: what is
 * looked at is on a disk that answers.
 */
export async function checkStagingDirectory(path: string): Promise<void> {
  let found: string;
  try {
    const stats = await lstat(path);
    if (stats.isDirectory()) return;
    found = stats.isSymbolicLink() ? 'is a symbolic link' : 'is not a directory';
  } catch (error) {
    found = isErrno(error, 'ENOENT') ? 'does not exist' : `cannot be looked at (${toReason(error)})`;
  }
  throw new DriverError(
    'PRECONDITION_FAILED',
    `The staging path ${path} ${found}; whoever asks for a volume there has to make a directory.`,
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
    if (!isErrno(error, 'EEXIST')) {
      throw new DriverError(
        'PRECONDITION_FAILED',
        `The target ${path} cannot be made: ${toReason(error)}. Check the directory above it.`,
        { cause: error },
      );
    }
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
    // What is published is a directory nearly always.
    if (await isRemovedDirectory(path)) return;
    const stats = await lstat(path);
    if (stats.isFile() && stats.size === 0) await unlink(path);
    else throw keptTarget(path, 'it is neither a directory nor an empty file');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return;
    if (isErrno(error, 'ENOTEMPTY', 'EEXIST')) throw keptTarget(path, 'it is not empty');
    if (error instanceof DriverError) throw error;
    throw keptTarget(path, `that failed (${toReason(error)})`, error);
  }
}

/** False when it is no directory. */
async function isRemovedDirectory(path: string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOTDIR')) return false;
    throw error;
  }
}

function keptTarget(path: string, reason: string, cause?: unknown): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `The target ${path} was not removed, since ${reason} although nothing is mounted there. Look at what it holds and remove it by hand.`,
    { cause },
  );
}

function toReason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
