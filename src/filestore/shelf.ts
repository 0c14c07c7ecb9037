import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ZodType } from 'zod';
import { DriverError } from '../domain/errors.ts';
import { type ObjectId, parseObjectId } from '../domain/ids.ts';
import type { Page, PageRequest } from '../domain/volume.ts';
import { isErrno } from '../host/errno.ts';
import { readRecordFile } from './record-file.ts';

/** What a shelf needs to know of its records. */
export interface ShelfOptions<R> {
  readonly kind: ObjectId['kind'];
  /** `<root>/volumes` or `<root>/snapshots`. */
  readonly directory: string;
  readonly recordFile: string;
  readonly schema: ZodType<R>;
  /** What a record counts for in the pool's promises. */
  readonly promisedBytesOf: (record: R) => number;
}

/** The records of one kind: in memory where one program has the pool ({@link MemoryShelf}), on disk where several work on it ({@link SharedShelf}). */
export interface Shelf<R extends { readonly id: string }> {
  /** Sum of what the records promise; complete once {@link whenLoaded} has settled. */
  readonly promisedBytes: number;
  /** Objects whose records cannot be read, each with its error, as of the last reading of all. */
  readonly unreadable: readonly DriverError[];
  /**
   * Waits until every record was read, not longer than `maxAgeMs` (default: a minute) ago where others may change them. A directory that cannot be listed is tried
   * again by the next call.
   */
  whenLoaded(signal: AbortSignal, maxAgeMs?: number): Promise<void>;
  /** The record with this hash, as it is now. Throws POOL_UNAVAILABLE for one that is there but cannot be read. */
  find(hash: string): Promise<R | undefined>;
  /** The record with this id: of the generation that it names, else undefined. */
  findById(id: string): Promise<R | undefined>;
  /** Takes over a record that has just been committed or changed on disk. */
  put(hash: string, record: R): void;
  /** Forgets a record whose directory has left its place. */
  remove(hash: string): void;
  /** Makes the next look for this object one on disk: a commit whose end is not known may have made it. */
  doubt(hash: string): void;
  /** All records, in no order, as of {@link whenLoaded}: for sums and for putting things in order, not for answers. */
  list(signal: AbortSignal): Promise<readonly R[]>;
  /** One page of the records that `wanted` lets through, ordered by id, as they are now. Throws TOKEN_UNKNOWN. */
  page(request: PageRequest, signal: AbortSignal, wanted?: (record: R) => boolean): Promise<Page<R>>;
}

const HASH = /^[a-z2-7]{26}$/;
/** What others move while it is looked at is looked at again. */
const LOOKS = 3;

/** Names of the objects in a shelf's directory. Throws POOL_UNAVAILABLE. */
export async function listHashes(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).filter((name) => HASH.test(name));
  } catch (error) {
    throw new DriverError(
      'POOL_UNAVAILABLE',
      `The directory ${directory} of the pool cannot be listed: is its disk mounted?`,
      {
        cause: error,
      },
    );
  }
}

/**
 * Reads the record of one object. A directory with its final name always has one; without, somebody took it away: POOL_UNAVAILABLE. Others may commit or
 * remove it between the looks, and a server then says that it is stale: it is looked at again.
 */
export async function readShelfRecord<R>(
  options: Omit<ShelfOptions<R>, 'promisedBytesOf'>,
  hash: string,
): Promise<R | undefined> {
  const directory = join(options.directory, hash);
  const subject = `${options.kind} ${hash}`;
  const source = { path: join(directory, options.recordFile), schema: options.schema, subject };
  for (let look = 1; ; look += 1) {
    try {
      const record = await readRecordFile(source);
      if (record !== undefined || !(await isThere(directory))) return record;
    } catch (error) {
      if (look === LOOKS || !(error instanceof DriverError) || !isErrno(error.cause, 'ESTALE')) throw error;
      continue;
    }
    if (look < LOOKS) continue;
    throw new DriverError(
      'POOL_UNAVAILABLE',
      `The directory of ${subject} (${directory}) has no record. Put the record back, or move the directory out of the pool.`,
    );
  }
}

/** The hash in a starting token, undefined for the first page. Throws TOKEN_UNKNOWN. */
export function parseToken(kind: ObjectId['kind'], token: string | undefined): string | undefined {
  if (token === undefined || token === '') return undefined;
  const parsed = parseObjectId(token);
  if (parsed?.kind === kind) return parsed.hash;
  throw new DriverError(
    'TOKEN_UNKNOWN',
    `The starting token is not one that a listing of this pool's ${kind}s returned: begin again without one.`,
  );
}

async function isThere(directory: string): Promise<boolean> {
  try {
    await readdir(directory);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
