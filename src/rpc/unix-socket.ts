import type { BigIntStats } from 'node:fs';
import { chmod, chown, link, lstat, mkdir, rm, rmdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';
import type { SocketAccess } from '../config/schema.ts';
import { DriverError } from '../domain/errors.ts';

/** sun_path is 108 bytes with its end; the temporary name is seven bytes longer than the final one. */
const MAX_PATH_BYTES = 100;
const PROBE_DEADLINE_MS = 2000;

/** A socket that is bound and can be taken away again. */
export interface BoundSocket {
  readonly path: string;
  /** Removes the path if it is still this socket. Idempotent. */
  remove(): Promise<void>;
}

/** `/run/csi.sock` of `unix:///run/csi.sock`; plain paths stay as they are. */
export function toSocketPath(endpoint: string): string {
  return endpoint.startsWith('unix://') ? endpoint.slice('unix://'.length) : endpoint;
}

/**
 * Makes a socket appear at `path` with its mode and owner already right: `bind` binds it under a private temporary name,
 * from where it is linked. Makes the parent directory. A socket that a dead process left is removed; one that somebody
 * listens on, or anything that is no socket, is PRECONDITION_FAILED.
 */
export async function bindSocket(
  path: string,
  access: SocketAccess,
  bind: (temporaryPath: string) => Promise<void>,
): Promise<BoundSocket> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new DriverError(
      'PRECONDITION_FAILED',
      `The socket path ${path} is too long: Linux takes about ${MAX_PATH_BYTES} bytes. Choose a shorter one.`,
    );
  }
  await mkdir(dirname(path), { recursive: true });
  await removeStaleSocket(path);
  await using staging = await makeStaging(path);
  const { temporaryPath } = staging;
  await bind(temporaryPath);
  await chmod(temporaryPath, Number.parseInt(access.mode, 8));
  if (access.uid !== undefined || access.gid !== undefined) {
    await chown(temporaryPath, access.uid ?? -1, access.gid ?? -1);
  }
  const own = await lstat(temporaryPath, { bigint: true });
  await linkSocket(temporaryPath, path);
  return { path, remove: () => removeIfSame(path, own) };
}

/**
 * A directory that nobody else can enter, beside the socket and with a fixed name, so that a start that was killed half-way
 * leaves nothing that the next one does not remove.
 */
async function makeStaging(path: string): Promise<AsyncDisposable & { readonly temporaryPath: string }> {
  const directory = join(dirname(path), `.${basename(path)}.new`);
  const temporaryPath = join(directory, 's');
  const remove = async (): Promise<void> => {
    await rm(temporaryPath, { force: true });
    await rmdir(directory).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error;
    });
  };
  await remove();
  await mkdir(directory, { mode: 0o700 });
  return { temporaryPath, [Symbol.asyncDispose]: remove };
}

async function linkSocket(temporaryPath: string, path: string): Promise<void> {
  try {
    await link(temporaryPath, path);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    throw inUse(path, { cause: error });
  }
}

async function removeStaleSocket(path: string): Promise<void> {
  const found = await findEntry(path);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new DriverError(
      'PRECONDITION_FAILED',
      `${path} exists and is no socket: remove it, or choose another endpoint.`,
    );
  }
  if (await isListening(path)) throw inUse(path);
  await removeIfSame(path, found);
}

/** Whether a process accepts connections there. No clear answer counts as yes. */
async function isListening(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path);
  socket.setTimeout(PROBE_DEADLINE_MS, () => resolve(true));
  socket.once('connect', () => resolve(true));
  socket.once('error', (error) => resolve(!hasCode(error, 'ECONNREFUSED') && !hasCode(error, 'ENOENT')));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

async function removeIfSame(path: string, own: BigIntStats): Promise<void> {
  const found = await findEntry(path);
  if (found !== undefined && isSameSocket(found, own)) await rm(path, { force: true });
}

/** Inode numbers are used again at once; a socket's modification time is that of its making. */
function isSameSocket(a: BigIntStats, b: BigIntStats): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.mtimeNs === b.mtimeNs;
}

async function findEntry(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function inUse(path: string, options: { readonly cause?: unknown } = {}): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `Another process listens on ${path}: stop it, or choose another endpoint.`,
    options,
  );
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
