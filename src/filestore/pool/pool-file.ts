import { open, rename, rm, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DriverError } from '../../domain/errors.ts';
import { isErrno } from '../../host/errno.ts';
import { fsyncDirectory } from '../../base/durable-files.ts';
import type { Syscalls } from '../../host/syscalls/syscalls.ts';

/** Allocating is done in steps, so that it can be aborted. */
const ALLOCATION_STEP_BYTES = 1024 ** 3;

/** The file below a pool, as it should be. */
export interface PoolFile {
  readonly poolName: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly isSparse: boolean;
  /** Whether the registry knows the pool: a missing file is then a loss, not a beginning. */
  readonly isKnown: boolean;
  /** What an operator does when the known pool's data is gone for good, as an order in a sentence. */
  readonly toForget?: string;
}

/**
 * The file: made with its size when it is missing and the pool is new. One that exists is left as it is, since nobody has looked yet at what it
 * holds: see {@link growPoolFile}. Nothing partial is left when it fails. Throws POOL_UNAVAILABLE with what to do.
 */
export async function ensurePoolFile(
  file: PoolFile,
  syscalls: Pick<Syscalls, 'allocate'>,
  signal: AbortSignal,
): Promise<void> {
  const currentBytes = await findSize(file);
  if (currentBytes === undefined) return await createFile(file, syscalls, signal);
  if (currentBytes <= file.sizeBytes) return;
  throw unavailable(
    `The file ${file.path} of pool ${file.poolName} has ${currentBytes} bytes, and ${file.sizeBytes} are configured: a pool cannot shrink. Set its size back to ${currentBytes} or more.`,
  );
}

/** Raises the file, which is a pool's for sure by now, to its configured size; back to what it was when there is no room. Throws POOL_UNAVAILABLE. */
export async function growPoolFile(
  file: PoolFile,
  syscalls: Pick<Syscalls, 'allocate'>,
  signal: AbortSignal,
): Promise<void> {
  const currentBytes = (await stat(file.path)).size;
  if (currentBytes >= file.sizeBytes) return;
  try {
    await resize(file, currentBytes, { syscalls, signal });
  } catch (error) {
    await truncate(file.path, currentBytes);
    throw explain(file, error);
  }
}

async function findSize(file: PoolFile): Promise<number | undefined> {
  try {
    const found = await stat(file.path);
    if (found.isFile()) return found.size;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  throw unavailable(
    `${file.path} is not a file, so pool ${file.poolName} cannot be kept in it: choose another path.`,
  );
}

async function createFile(
  file: PoolFile,
  syscalls: Pick<Syscalls, 'allocate'>,
  signal: AbortSignal,
): Promise<void> {
  if (file.isKnown) {
    const ifGone =
      file.toForget === undefined ? '' : ` If it is gone for good, ${file.toForget}, and it is made anew.`;
    throw unavailable(
      `The file ${file.path} that holds pool ${file.poolName} is missing: is the disk that it lies on mounted?${ifGone}`,
    );
  }
  // One fixed name, so that a killed attempt's leftovers are found by the next.
  const partial = `${file.path}.partial`;
  try {
    await rm(partial, { force: true });
    await createEmpty(partial);
    await resize({ ...file, path: partial }, 0, { syscalls, signal });
    await rename(partial, file.path);
  } catch (error) {
    await rm(partial, { force: true });
    throw explain(file, error);
  }
  await fsyncDirectory(dirname(file.path));
}

interface ResizeDeps {
  readonly syscalls: Pick<Syscalls, 'allocate'>;
  readonly signal: AbortSignal;
}

async function resize(file: PoolFile, fromBytes: number, { syscalls, signal }: ResizeDeps): Promise<void> {
  const { path, sizeBytes } = file;
  if (file.isSparse) await truncate(path, sizeBytes);
  for (let offset = fromBytes; offset < sizeBytes && !file.isSparse; offset += ALLOCATION_STEP_BYTES) {
    const length = Math.min(ALLOCATION_STEP_BYTES, sizeBytes - offset);
    await syscalls.allocate({ path, offset, length }, signal);
  }
  await using handle = await open(path, 'r+');
  await handle.sync();
}

async function createEmpty(path: string): Promise<void> {
  await using _file = await open(path, 'wx', 0o600);
}

function explain(file: PoolFile, error: unknown): unknown {
  if (!isErrno(error, 'ENOSPC', 'EDQUOT', 'EFBIG', 'ENOENT')) return error;
  const reason = isErrno(error, 'ENOENT')
    ? `its directory ${dirname(file.path)} does not exist: make it, or mount the disk that it lies on`
    : `its disk has no room for ${file.sizeBytes} bytes: free some, set a smaller size, or set sparse: true and watch the disk`;
  return new DriverError(
    'POOL_UNAVAILABLE',
    `The file ${file.path} of pool ${file.poolName} cannot be made: ${reason}.`,
    {
      cause: error,
    },
  );
}

function unavailable(message: string): DriverError {
  return new DriverError('POOL_UNAVAILABLE', message);
}
