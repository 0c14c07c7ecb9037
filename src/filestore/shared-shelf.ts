import type { Clock } from '../base/clock.ts';
import { raceAbort } from '../base/keyed-lock.ts';
import { DriverError } from '../domain/errors.ts';
import { parseObjectId } from '../domain/ids.ts';
import type { Page, PageRequest } from '../domain/volume.ts';
import { listHashes, parseToken, readShelfRecord, type Shelf, type ShelfOptions } from './shelf.ts';

/** Records that are read at once: enough to hide the way to a server, too few to drown it. */
const READERS = 16;
/** A reading of all this old is good for sums. */
const GOOD_AGE_MS = 60_000;
/** From this age on all are read again in the background. */
const REFRESH_AGE_MS = 20_000;

/** All records as they were at one time, and what this program has done since. */
interface Reading<R> {
  readonly records: Map<string, R>;
  readonly unreadable: readonly DriverError[];
  promisedBytes: number;
  readonly readAt: number;
}

/**
 * The records of one kind where other programs change them, too: whatever is asked for is read from disk, and nothing that was read is trusted later. Only sums
 * (what the pool has promised) come from a reading of all that may be a minute old.
 */
export class SharedShelf<R extends { readonly id: string }> implements Shelf<R> {
  readonly #options: ShelfOptions<R> & { readonly clock: Clock };
  #last: Reading<R> | undefined;
  #reading: Promise<void> | undefined;
  /** What this program did while all are being read, which may have missed it. */
  readonly #meanwhile = new Map<string, R | undefined>();

  constructor(options: ShelfOptions<R> & { readonly clock: Clock }) {
    this.#options = options;
  }

  get promisedBytes(): number {
    return this.#last?.promisedBytes ?? 0;
  }

  get unreadable(): readonly DriverError[] {
    return this.#last?.unreadable ?? [];
  }

  async whenLoaded(signal: AbortSignal, maxAgeMs = GOOD_AGE_MS): Promise<void> {
    const ageMs = this.#ageMs();
    if (ageMs > maxAgeMs) return await raceAbort(this.#startReading(), signal);
    // One that fails is told to whoever needs it.
    if (ageMs > REFRESH_AGE_MS) this.#startReading().catch(() => undefined);
  }

  async find(hash: string): Promise<R | undefined> {
    return await readShelfRecord(this.#options, hash);
  }

  async findById(id: string): Promise<R | undefined> {
    const parsed = parseObjectId(id);
    if (parsed === undefined || parsed.kind !== this.#options.kind) return undefined;
    const record = await this.find(parsed.hash);
    return record?.id === id ? record : undefined;
  }

  put(hash: string, record: R): void {
    this.#note(hash, record);
  }

  remove(hash: string): void {
    this.#note(hash, undefined);
  }

  /** Every look is one on disk. */
  doubt(): void {}

  async list(signal: AbortSignal): Promise<readonly R[]> {
    await this.whenLoaded(signal);
    return [...(this.#last?.records.values() ?? [])];
  }

  /** The names are in the order of the ids: all of a pool begin with its own. Only what is on the page is read, and what `wanted` has to see. */
  async page(
    request: PageRequest,
    signal: AbortSignal,
    wanted: (record: R) => boolean = () => true,
  ): Promise<Page<R>> {
    const after = parseToken(this.#options.kind, request.startingToken);
    const hashes = (await listHashes(this.#options.directory)).toSorted();
    const entries: R[] = [];
    for await (const record of this.#readInOrder(hashes.filter((hash) => hash >= (after ?? '')))) {
      signal.throwIfAborted();
      if (after !== undefined && record.id <= (request.startingToken ?? '')) continue;
      if (!wanted(record)) continue;
      if (request.maxEntries > 0 && entries.length === request.maxEntries) {
        return { entries, nextToken: entries.at(-1)?.id };
      }
      entries.push(record);
    }
    return { entries, nextToken: undefined };
  }

  /** What is gone or cannot be read is left out: {@link find} says what is wrong with it. */
  async *#readInOrder(hashes: readonly string[]): AsyncGenerator<R, void, undefined> {
    for (let at = 0; at < hashes.length; at += READERS) {
      const batch = hashes.slice(at, at + READERS).map((hash) => this.#tryToRead(hash));
      for (const found of await Promise.all(batch)) {
        if (found !== undefined && !(found instanceof DriverError)) yield found;
      }
    }
  }

  async #tryToRead(hash: string): Promise<R | DriverError | undefined> {
    try {
      return await this.find(hash);
    } catch (error) {
      if (error instanceof DriverError) return error;
      throw error;
    }
  }

  #ageMs(): number {
    return this.#last === undefined
      ? Number.POSITIVE_INFINITY
      : this.#options.clock.monotonic() - this.#last.readAt;
  }

  #startReading(): Promise<void> {
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    const readAt = this.#options.clock.monotonic();
    this.#meanwhile.clear();
    const records = new Map<string, R>();
    const unreadable: DriverError[] = [];
    const queue = (await listHashes(this.#options.directory)).values();
    const reader = async (): Promise<void> => {
      for (const hash of queue) {
        const found = await this.#tryToRead(hash);
        if (found instanceof DriverError) unreadable.push(found);
        else if (found !== undefined) records.set(hash, found);
      }
    };
    await Promise.all(Array.from({ length: READERS }, reader));
    let promisedBytes = 0;
    for (const record of records.values()) promisedBytes += this.#options.promisedBytesOf(record);
    const reading = { records, unreadable, promisedBytes, readAt };
    for (const [hash, record] of this.#meanwhile) this.#apply(reading, hash, record);
    this.#last = reading;
  }

  #note(hash: string, record: R | undefined): void {
    if (this.#reading !== undefined) this.#meanwhile.set(hash, record);
    if (this.#last !== undefined) this.#apply(this.#last, hash, record);
  }

  #apply(reading: Reading<R>, hash: string, record: R | undefined): void {
    const before = reading.records.get(hash);
    if (before !== undefined) reading.promisedBytes -= this.#options.promisedBytesOf(before);
    if (record === undefined) {
      reading.records.delete(hash);
      return;
    }
    reading.records.set(hash, record);
    reading.promisedBytes += this.#options.promisedBytesOf(record);
  }
}
