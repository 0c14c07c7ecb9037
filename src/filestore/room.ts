import { DriverError } from '../domain/errors.ts';
import type { FileSystemRoom, RoomReader } from '../host/file-system-room.ts';
import type { StoreRoom } from './file-store.ts';
import type { UsageMeter } from './usage-meter.ts';

/** A reading this old is good for reports and promises. */
const GOOD_AGE_MS = 60_000;
/** From this age on it is read again in the background, so that promises seldom have to wait for it. */
const REFRESH_AGE_MS = 20_000;
/** Before a request is refused, the meter is read again when its reading is older. */
const REFUSAL_AGE_MS = 2_000;

/** The records whose promises count. */
export interface PromisingRecords {
  readonly promisedBytes: number;
  /** Waits until all that promise are counted, those of other programs too as they were at most `maxAgeMs` ago. */
  whenLoaded(signal: AbortSignal, maxAgeMs?: number): Promise<void>;
}

export interface RoomOptions {
  readonly pool: { readonly name: string; readonly overcommit: number };
  /** Of the file system that the pool is on. */
  readonly readRoom: RoomReader;
  readonly shelves: readonly PromisingRecords[];
  readonly meter: UsageMeter;
}

/** Keeps account of what the pool has promised, so that concurrent requests cannot both take the last room. */
export class RoomKeeper {
  readonly #options: RoomOptions;
  #reservedBytes = 0;

  constructor(options: RoomOptions) {
    this.#options = options;
  }

  /** What there is now. */
  async getRoom(signal: AbortSignal): Promise<StoreRoom> {
    await this.#whenLoaded(signal);
    await this.#options.meter.ensureRead(GOOD_AGE_MS, signal);
    return this.#account(await this.#options.readRoom(signal));
  }

  /** Takes `bytes` out of the room until the result is disposed; by then a record counts for them, or nothing does. Throws NO_ROOM with the numbers. */
  async reserve(bytes: number, subject: string, signal: AbortSignal): Promise<Disposable> {
    await this.#whenLoaded(signal);
    await this.#options.meter.ensureRead(GOOD_AGE_MS, signal);
    this.#options.meter.refresh(REFRESH_AGE_MS);
    let room = this.#account(await this.#options.readRoom(signal));
    if (room.availableBytes < bytes) {
      await this.#whenLoaded(signal, REFUSAL_AGE_MS);
      await this.#options.meter.ensureRead(REFUSAL_AGE_MS, signal);
      room = this.#account(await this.#options.readRoom(signal));
    }
    // From here to the addition nothing waits: that is what makes the check and the taking one.
    if (room.availableBytes < bytes) throw this.#refusal(bytes, subject, room);
    this.#reservedBytes += bytes;
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#reservedBytes -= bytes;
        isHeld = false;
      },
    };
  }

  async #whenLoaded(signal: AbortSignal, maxAgeMs = GOOD_AGE_MS): Promise<void> {
    for (const shelf of this.#options.shelves) await shelf.whenLoaded(signal, maxAgeMs);
  }

  /**
   * What is promised and not written yet has to fit into what is free, times `overcommit`. Written, and so not needed again, is only what
   * certainly belongs to volumes: a block that clones share may have to be written again by each of them but one, and others' files and the file
   * system's own needs were promised to nobody. Trees without any quota may grow as they like: of what is used they are taken to hold
   * what nobody else does, up to what they promise.
   */
  #account(use: FileSystemRoom): StoreRoom {
    const { meter } = this.#options;
    const inUseBytes = use.totalBytes - use.freeBytes;
    const measuredBytes = Math.min(meter.usedBytes, inUseBytes);
    const ownBytes = measuredBytes + Math.min(meter.unmeasuredBytes, inUseBytes - measuredBytes);
    const promisedBytes =
      this.#options.shelves.reduce((sum, shelf) => sum + shelf.promisedBytes, 0) + this.#reservedBytes;
    const promisableBytes = (use.availableBytes + ownBytes) * this.#options.pool.overcommit;
    const availableBytes = Math.min(use.availableBytes, promisableBytes - promisedBytes);
    return {
      totalBytes: use.totalBytes,
      freeBytes: use.freeBytes,
      promisedBytes,
      availableBytes: Math.max(0, Math.floor(availableBytes)),
    };
  }

  #refusal(bytes: number, subject: string, room: StoreRoom): DriverError {
    const { pool } = this.#options;
    return new DriverError(
      'NO_ROOM',
      `Pool ${pool.name} has no room for ${subject}: it needs ${bytes} bytes, and ${room.availableBytes} are left (${room.totalBytes} in all, ${room.freeBytes} free, ${room.promisedBytes} promised, overcommit ${pool.overcommit}). Remove volumes or snapshots, or enlarge the pool.`,
    );
  }
}
