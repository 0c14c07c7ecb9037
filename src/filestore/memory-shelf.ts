import { raceAbort } from '../base/keyed-lock.ts';
import { DriverError } from '../domain/errors.ts';
import { parseObjectId } from '../domain/ids.ts';
import type { Page, PageRequest } from '../domain/volume.ts';
import { listHashes, parseToken, readShelfRecord, type Shelf, type ShelfOptions } from './shelf.ts';

/**
 * The records of one kind, read from disk once and kept in memory: one agent owns a local store. Until everything is
 * read, a single object is looked up on disk, so that a large pool serves at once.
 */
export class MemoryShelf<R extends { readonly id: string }> implements Shelf<R> {
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

  get promisedBytes(): number {
    return this.#promisedBytes;
  }

  get unreadable(): readonly DriverError[] {
    return [...this.#unreadable.values()];
  }

  /** Starts reading with the first call. */
  async whenLoaded(signal: AbortSignal): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined;
      throw error;
    });
    await raceAbort(this.#loading, signal);
  }

  async find(hash: string): Promise<R | undefined> {
    const known = this.#records.get(hash);
    if (known !== undefined) return known;
    if (this.#isLoaded && !this.#unreadable.has(hash) && !this.#doubted.has(hash)) return undefined;
    return await this.#readInto(hash);
  }

  async findById(id: string): Promise<R | undefined> {
    const parsed = parseObjectId(id);
    if (parsed === undefined || parsed.kind !== this.#options.kind) return undefined;
    const record = await this.find(parsed.hash);
    return record?.id === id ? record : undefined;
  }

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

  remove(hash: string): void {
    const before = this.#records.get(hash);
    if (!this.#isLoaded) this.#removed.add(hash);
    this.#unreadable.delete(hash);
    if (before === undefined) return;
    this.#records.delete(hash);
    this.#promisedBytes -= this.#options.promisedBytesOf(before);
    this.#ids = undefined;
  }

  doubt(hash: string): void {
    this.#doubted.add(hash);
  }

  async list(signal: AbortSignal): Promise<readonly R[]> {
    await this.whenLoaded(signal);
    return [...this.#records.values()];
  }

  /** Waits until all are read. */
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
    return parseToken(this.#options.kind, token) === undefined ? 0 : firstAfter(ids, token ?? '');
  }

  async #load(): Promise<void> {
    const hashes = await listHashes(this.#options.directory);
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
    try {
      const record = await readShelfRecord(this.#options, hash);
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
