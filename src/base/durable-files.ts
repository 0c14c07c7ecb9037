import { constants } from 'node:fs';
import { access, type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isErrno } from './errno.ts';
import { randomId } from './ids.ts';

/** So much is read at first; what is smaller takes a single read. */
const FIRST_READ_BYTES = 16 * 1024;

/** What the driver keeps concerns nobody else. */
const MODE = 0o600;

/**
 * Replaces a file's content, or makes the file (0600), so that after a power cut it has either the old content or the new one:
 * write beside it, fsync, rename, fsync of the directory. A name like `.volume.json.ab12cd34.tmp` is left behind when the
 * program dies in between.
 */
export async function writeFileDurable(path: string, content: string): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${randomId(8)}.tmp`);
  try {
    await writeSynced(temporary, content);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await fsyncDirectory(directory);
}

async function writeSynced(path: string, content: string): Promise<void> {
  await using file = await open(path, 'wx', MODE);
  await file.writeFile(content);
  await file.sync();
}

/** Makes the entries of a directory durable: what was made, renamed or removed in it. */
export async function fsyncDirectory(path: string): Promise<void> {
  await using directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  await directory.sync();
}

/** Makes a directory (0700) and those above it that are missing; all of them are on disk when this returns. One that exists is fine. */
export async function ensureDirectoryDurable(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const top = dirname(first);
  for (let directory = dirname(path); directory.length >= top.length; directory = dirname(directory)) {
    await fsyncDirectory(directory);
    if (directory === dirname(directory)) break;
  }
}

/**
 * Throws Node.js's own error when this process has no rights to list a directory and to make entries in it; or, while it is missing, in the nearest
 * one above. Writes nothing: that a disk is full is not noticed.
 */
export async function checkDirectoryRights(path: string): Promise<void> {
  try {
    // The dot lets a file be no directory.
    await access(`${path}/.`, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (!isErrno(error, 'ENOENT') || path === dirname(path)) throw error;
    await checkDirectoryRights(dirname(path));
  }
}

/**
 * Reads a UTF-8 file of a limited size. Throws when it is larger, when its last component is a symlink (ELOOP), and
 * Node.js's own errors. Never waits for a FIFO's writer.
 */
export async function readTextFile(path: string, limits: { readonly maximumBytes: number }): Promise<string> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  await using file = await open(path, flags);
  const first = Buffer.allocUnsafe(Math.min(FIRST_READ_BYTES, limits.maximumBytes + 1));
  let { bytesRead } = await file.read(first, 0, first.length, 0);
  if (bytesRead < first.length) return first.toString('utf8', 0, bytesRead);
  const whole = Buffer.allocUnsafe(limits.maximumBytes + 1);
  first.copy(whole);
  bytesRead += await readRest(file, whole, bytesRead);
  if (bytesRead <= limits.maximumBytes) return whole.toString('utf8', 0, bytesRead);
  throw new Error(`The file ${path} is larger than the ${limits.maximumBytes} bytes that it may have.`);
}

async function readRest(file: FileHandle, buffer: Buffer, start: number): Promise<number> {
  let position = start;
  while (position < buffer.length) {
    const { bytesRead } = await file.read(buffer, position, buffer.length - position, position);
    if (bytesRead === 0) break;
    position += bytesRead;
  }
  return position - start;
}
