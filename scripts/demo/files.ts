import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { isErrno } from '../../src/host/errno.ts';

const CHUNK_BYTES = 2 ** 20;

/** Writes `bytes` of random data and makes it durable. */
export async function writeRandom(path: string, bytes: number): Promise<void> {
  await using file = await open(path, 'w');
  for (let written = 0; written < bytes; written += CHUNK_BYTES) {
    await writeAll(file, randomBytes(Math.min(CHUNK_BYTES, bytes - written)));
  }
  await file.sync();
}

/** Writes until the file system refuses; returns what went in and the name of the error. Throws when it takes all of `atMostBytes`. */
export async function fillUp(
  path: string,
  atMostBytes: number,
): Promise<{ readonly writtenBytes: number; readonly error: string }> {
  await using file = await open(path, 'w');
  const chunk = randomBytes(CHUNK_BYTES);
  let writtenBytes = 0;
  try {
    while (writtenBytes < atMostBytes) {
      await writeAll(file, chunk);
      await file.datasync();
      writtenBytes += CHUNK_BYTES;
    }
  } catch (error) {
    if (isErrno(error, 'ENOSPC')) return { writtenBytes, error: 'ENOSPC' };
    if (isErrno(error, 'EDQUOT')) return { writtenBytes, error: 'EDQUOT' };
    throw error;
  }
  throw new Error(`${path} took ${writtenBytes} bytes: the size of its volume is not enforced`);
}

/** SHA-256 of a file, in hexadecimal. */
export async function checksum(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function writeAll(file: FileHandle, data: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < data.length) {
    const { bytesWritten } = await file.write(data, offset);
    offset += bytesWritten;
  }
}
