import { statfs } from 'node:fs/promises';
import { raceAbort } from '../base/keyed-lock.ts';

/** Room of a file system, in bytes. */
export interface FileSystemRoom {
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** Free to others than root. */
  readonly availableBytes: number;
}

/**
 * The room of the file system at a path, by one of Node.js's own threads: it is asked for every few seconds, which would keep a worker
 * thread alive for it alone. The signal ends the wait, not the call.
 */
export async function readFileSystemRoom(path: string, signal: AbortSignal): Promise<FileSystemRoom> {
  const { bsize, blocks, bfree, bavail } = await raceAbort(statfs(path), signal);
  return { totalBytes: blocks * bsize, freeBytes: bfree * bsize, availableBytes: bavail * bsize };
}
