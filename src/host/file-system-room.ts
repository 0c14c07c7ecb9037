import { statfs } from 'node:fs/promises';
import { startDeadline } from '../base/deadline.ts';
import { raceAbort } from '../base/keyed-lock.ts';
import { DriverError } from '../domain/errors.ts';

/** Far longer than any file system needs that is well. */
const DEADLINE_MS = 10_000;

/** Room of a file system, in bytes. */
export interface FileSystemRoom {
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** Free to others than root. */
  readonly availableBytes: number;
}

/**
 * Reads the room. The signal ends the wait, not the question. Throws POOL_UNAVAILABLE when the file system does not say, and Node.js's own errors.
 */
export type RoomReader = (signal: AbortSignal) => Promise<FileSystemRoom>;

export interface RoomReaderOptions {
  readonly deadlineMs?: number;
  /** Default: that of Node.js. */
  readonly statfs?: (path: string) => Promise<StatFs>;
}

type StatFs = Readonly<Record<'bsize' | 'blocks' | 'bfree' | 'bavail', number>>;

/**
 * Reads the room of the file system at a path, by one of Node.js's own threads: it is asked for every few seconds, which would keep a worker
 * thread alive for it alone. A file system that hangs holds the thread for as long, so there is one question at a time; whoever comes meanwhile shares
 * the one after it, since what is under way may have been read before what the caller knows of was written.
 */
export function createRoomReader(path: string, options: RoomReaderOptions = {}): RoomReader {
  const { deadlineMs = DEADLINE_MS, statfs: ask = statfs } = options;
  let underWay: Promise<FileSystemRoom> | undefined;
  let next: Promise<FileSystemRoom> | undefined;

  function start(): Promise<FileSystemRoom> {
    const question = ask(path).then(toRoom);
    underWay = question;
    const end = (): void => {
      if (underWay === question) underWay = undefined;
    };
    question.then(end, end);
    return question;
  }

  function queue(before: Promise<unknown>): Promise<FileSystemRoom> {
    const begin = async (): Promise<FileSystemRoom> => {
      next = undefined;
      return await start();
    };
    return before.then(begin, begin);
  }

  return async (signal) => {
    signal.throwIfAborted();
    using deadline = startDeadline(signal, deadlineMs);
    const room = underWay === undefined ? start() : (next ??= queue(underWay));
    // Nobody may be left to hear of it.
    room.catch(() => undefined);
    try {
      return await raceAbort(room, deadline.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!deadline.signal.aborted) throw error;
      throw new DriverError(
        'POOL_UNAVAILABLE',
        `The file system at ${path} does not say how much room it has: statfs has not come back for ${deadlineMs / 1000} s. Look after its disk or server (dmesg).`,
      );
    }
  };
}

function toRoom({ bsize, blocks, bfree, bavail }: StatFs): FileSystemRoom {
  return { totalBytes: blocks * bsize, freeBytes: bfree * bsize, availableBytes: bavail * bsize };
}
