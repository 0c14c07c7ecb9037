import { closeSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';

const readAsync = promisify(read);

/** More than most tables need, which are then read in one piece. */
const CHUNK_BYTES = 64 * 1024;

/**
 * The text of this process's mountinfo. Opening and closing it never waits for a lock, so that only reading is left to another thread,
 * where it waits while a mount holds the table: every call of a node reads it.
 */
export async function readMountInfo(): Promise<string> {
  const fd = openSync('/proc/self/mountinfo', 'r');
  try {
    return await readToEnd(fd);
  } finally {
    closeSync(fd);
  }
}

async function readToEnd(fd: number): Promise<string> {
  const chunks: Buffer[] = [];
  for (;;) {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await readAsync(fd, buffer, 0, CHUNK_BYTES, null);
    if (bytesRead === 0) return Buffer.concat(chunks).toString('utf8');
    chunks.push(buffer.subarray(0, bytesRead));
  }
}
