import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ZodType } from 'zod';
import { raceAbort } from '../base/keyed-lock.ts';
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

const HASH = /^[a-z2-7]{26}$/;

/**
 * The records of one kind, read from disk once and kept in memory: one agent owns a local store. Until everything is
 * read, a single object is looked up on disk, so that a large pool serves at once.
 */
export class Shelf<R extends { readonly id: string }> {
  readonly #options: ShelfOptions<R>;
  readonly #records = new Map<string, R>();
  readonly #unreadable = new Map<string, DriverError>();
  /** Removed while loading goes on: what the loader read before must not bring them back. */
  readonly #removed = new Set<string>();
  readonly #doubted = new Set<string>();
  #ids: readonly string[] | undefined;
  #promisedBytes = 0;
  #loading: Promise<void> | undefined;
  #isLoaded = false;

  constructor(options: ShelfOptions<R>) {
    this.#options = options;
  }

  /** Sum of what the records promise; complete once {@link whenLoaded} has settled. */
  get promisedBytes(): number {
    return this.#promisedBytes;
  }

  /** Objects whose records cannot be read, each with its error. */
  get unreadable(): readonly DriverError[] {
    return [...this.#unreadable.values()];
  }

  /** Waits until every record is read; starts reading with the first call. A directory that cannot be listed is tried again by the next call. */
  async whenLoaded(signal: AbortSignal): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    await raceAbort(this.#loading, signal);
  }

  /** The record with this hash. Throws POOL_UNAVAILABLE for one that is there but cannot be read. */
  async find(hash: string): Promise<R | undefined> {
    const known = this.#records.get(hash);
    if (known !== undefined) return known;
    if (this.#isLoaded && !this.#unreadable.has(hash) && !this.#doubted.has(hash)) return undefined;
    return await this.#readInto(hash);
  }

  /** The record with this id: of the generation that it names, else undefined. */
  async findById(id: string): Promise<R | undefined> {
    const parsed = parseObjectId(id);
    if (parsed === undefined || parsed.kind !== this.#options.kind) return undefined;
    const record = await this.find(parsed.hash);
    return record?.id === id ? record : undefined;
  }

  /** Takes over a record that has just been committed or changed on disk. */
  put(hash: string, record: R): void {
    const before = this.#records.get(hash);
    this.#removed.delete(hash);
    this.#doubted.delete(hash);
    this.#unreadable.delete(hash);
    this.#records.set(hash, record);
    this.#promisedBytes += this.#options.promisedBytesOf(record);
    if (before !== undefined) this.#promisedBytes -= this.#options.promisedBytesOf(before);
    if (before?.id !== record.id) this.#ids = undefined;
  }

  /** Forgets a record whose directory has left its place. */
  remove(hash: string): void {
    const before = this.#records.get(hash);
    if (!this.#isLoaded) this.#removed.add(hash);
    this.#unreadable.delete(hash);
    if (before === undefined) return;
    this.#records.delete(hash);
    this.#promisedBytes -= this.#options.promisedBytesOf(before);
    this.#ids = undefined;
  }

  /** Makes the next look for this object one on disk: a commit whose end is not known may have made it. */
  doubt(hash: string): void {
    this.#doubted.add(hash);
  }

  /** All records, in no order. Complete once loaded. */
  values(): Iterable<R> {
    return this.#records.values();
  }

  /** One page of the records that `wanted` lets through, ordered by id. Throws TOKEN_UNKNOWN. Waits until all are read. */
  async page(
    request: PageRequest,
    signal: AbortSignal,
    wanted: (record: R) => boolean = () => true,
  ): Promise<Page<R>> {
    await this.whenLoaded(signal);
    const ids = this.#sortedIds();
    const entries: R[] = [];
    for (let at = this.#startOf(ids, request.startingToken); at < ids.length; at += 1) {
      const record = this.#recordOf(ids[at]);
      if (record === undefined || !wanted(record)) continue;
      if (request.maxEntries > 0 && entries.length === request.maxEntries) {
        return { entries, nextToken: entries.at(-1)?.id };
      }
      entries.push(record);
    }
    return { entries, nextToken: undefined };
  }

  #recordOf(id: string | undefined): R | undefined {
    const hash = id === undefined ? undefined : parseObjectId(id)?.hash;
    return hash === undefined ? undefined : this.#records.get(hash);
  }

  #sortedIds(): readonly string[] {
    this.#ids ??= [...this.#records.values()].map((record) => record.id).sort();
    return this.#ids;
  }

  #startOf(ids: readonly string[], token: string | undefined): number {
    if (token === undefined || token === '') return 0;
    if (parseObjectId(token)?.kind !== this.#options.kind) {
      throw new DriverError(
        'TOKEN_UNKNOWN',
        `The starting token is not one that a listing of this pool's ${this.#options.kind}s returned: begin again without one.`,
      );
    }
    return firstAfter(ids, token);
  }

  async #load(): Promise<void> {
    const hashes = (await listDirectory(this.#options.directory)).filter((name) => HASH.test(name));
    const queue = hashes.values();
    const reader = async (): Promise<void> => {
      for (const hash of queue) {
        if (this.#records.has(hash)) continue;
        // An unreadable record is noted by #readInto; it must not hide the others.
        await this.#readInto(hash).catch((error: unknown) => {
          if (!(error instanceof DriverError)) throw error;
        });
      }
    };
    await Promise.all(Array.from({ length: 4 }, reader));
    this.#isLoaded = true;
    this.#removed.clear();
  }

  async #readInto(hash: string): Promise<R | undefined> {
    const directory = join(this.#options.directory, hash);
    const source = {
      path: join(directory, this.#options.recordFile),
      schema: this.#options.schema,
      subject: `${this.#options.kind} ${hash}`,
    };
    try {
      const record = (await readRecordFile(source)) ?? (await explainMissing(directory, source.subject));
      return this.#accept(hash, record);
    } catch (error) {
      if (error instanceof DriverError) this.#unreadable.set(hash, error);
      throw error;
    }
  }

  /** Another call may have put, or removed, the object while this one read it: memory wins. */
  #accept(hash: string, record: R | undefined): R | undefined {
    const known = this.#records.get(hash);
    if (known !== undefined || record === undefined || this.#removed.has(hash)) return known;
    this.put(hash, record);
    return record;
  }
}

/** Index of the first id after `token` in a sorted list; the token itself need not be in it. */
function firstAfter(ids: readonly string[], token: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ids[middle] ?? '') <= token) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function listDirectory(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    throw new DriverError(
      'POOL_UNAVAILABLE',
      `The directory ${path} of the pool cannot be listed: is its disk mounted?`,
      {
        cause: error,
      },
    );
  }
}

/** A directory with its final name always has a record; without one, somebody took it away. */
async function explainMissing(directory: string, subject: string): Promise<undefined> {
  try {
    await readdir(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  throw new DriverError(
    'POOL_UNAVAILABLE',
    `The directory of ${subject} (${directory}) has no record. Put the record back, or move the directory out of the pool.`,
  );
}
