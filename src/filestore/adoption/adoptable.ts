import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isErrno } from '../../base/errno.ts';
import { quote } from '../../base/quote.ts';
import { DriverError } from '../../domain/errors.ts';
import type { Mounts } from '../../host/host.ts';
import { isOwnName, type StorePaths } from '../paths.ts';

/** A directory of others that could become a volume, held by the one that it lies in. */
export interface Adoptable extends AsyncDisposable {
  /** Where it is, for people and for what looks only. */
  readonly path: string;
  /** The directory that it lies in, open. */
  readonly parent: FileHandle;
  /** Its way through that one, whatever becomes of the path: for a rename. */
  readonly held: string;
}

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** The parts of the path of a directory below a pool. Throws INVALID_ARGUMENT for what would lead out of it, and PRECONDITION_FAILED for what is the driver's own. */
export function parseDirectory(directory: string): readonly string[] {
  const parts = directory.split('/');
  if (directory === '' || directory.includes('\0') || parts.some((part) => ['', '.', '..'].includes(part))) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      `${quote(directory)} is no directory below the root of the pool, so it cannot become a volume.`,
    );
  }
  if (isOwnName(parts[0] ?? '')) {
    throw refuse(join('/', directory), 'belongs to the driver itself');
  }
  return parts;
}

/**
 * Opens what is to be taken over, without following any symbolic link: whoever writes to the export must not lead the program elsewhere. Changes
 * nothing. Throws what {@link parseDirectory} throws, PATH_NOT_FOUND, PRECONDITION_FAILED for what is no directory of the pool's file system, VOLUME_IN_USE.
 */
export async function openAdoptable(
  { paths, mounts }: { readonly paths: StorePaths; readonly mounts: Mounts },
  directory: string,
  signal: AbortSignal,
): Promise<Adoptable> {
  const path = join(paths.root, directory);
  const parent = await openParent(paths.root, directory);
  try {
    const held = `/proc/self/fd/${parent.fd}/${basename(path)}`;
    await checkItself(paths.root, { path, held });
    await checkUnused(mounts, path, signal);
    return { path, parent, held, [Symbol.asyncDispose]: () => parent.close() };
  } catch (error) {
    await parent.close();
    throw error;
  }
}

/** The directory that one lies in, opened without following any symbolic link below the root. */
export async function openParent(root: string, directory: string): Promise<FileHandle> {
  const above = parseDirectory(directory).slice(0, -1);
  // The root itself is where the configuration says.
  let parent = await open(root, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    for (const part of above) {
      const next = await open(`/proc/self/fd/${parent.fd}/${part}`, DIRECTORY);
      await parent.close();
      parent = next;
    }
    return parent;
  } catch (error) {
    await parent.close();
    throw explain(join(root, directory), error);
  }
}

async function checkItself(
  root: string,
  { path, held }: { readonly path: string; readonly held: string },
): Promise<void> {
  try {
    await using directory = await open(held, DIRECTORY);
    await using pool = await open(root, constants.O_RDONLY | constants.O_DIRECTORY);
    const [own, other] = [await directory.stat({ bigint: true }), await pool.stat({ bigint: true })];
    if (own.dev !== other.dev) throw elsewhere(path);
  } catch (error) {
    throw explain(path, error);
  }
}

async function checkUnused(mounts: Mounts, path: string, signal: AbortSignal): Promise<void> {
  const [mount] = await mounts.listOf(path, signal);
  const [inside] = await mounts.listBelow(path, signal);
  const use =
    mount !== undefined
      ? `it is mounted at ${mount.mountPoint}`
      : inside && `${inside.fsType} is mounted in it at ${inside.mountPoint}`;
  if (use === undefined) return;
  throw new DriverError(
    'VOLUME_IN_USE',
    `The directory ${path} is in use on this machine: ${use}. Stop what uses it, and unmount it.`,
  );
}

/** What the file system says of a place, as a sentence. Also for what a rename says. */
export function explain(path: string, error: unknown): unknown {
  if (isErrno(error, 'ENOENT')) {
    return new DriverError('PATH_NOT_FOUND', `There is no directory ${path}.`, { cause: error });
  }
  // With O_DIRECTORY a symbolic link is said to be no directory, too.
  if (isErrno(error, 'ENOTDIR', 'ELOOP')) {
    return refuse(path, 'is no directory, or is reached by a symbolic link only', error);
  }
  if (isErrno(error, 'EXDEV')) return elsewhere(path, error);
  return error;
}

function elsewhere(path: string, cause?: unknown): DriverError {
  return refuse(
    path,
    'is on another file system than the pool, or behind a mount, so it would have to be copied',
    cause,
  );
}

function refuse(path: string, why: string, cause?: unknown): DriverError {
  return new DriverError('PRECONDITION_FAILED', `${path} ${why}, and cannot become a volume.`, { cause });
}
