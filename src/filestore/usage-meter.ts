import type { Clock } from '../base/clock.ts';
import { raceAbort } from '../base/keyed-lock.ts';

/** Something on the meter: a volume or a snapshot. */
export interface MeteredObject {
  readonly id: string;
  readonly measure: (signal: AbortSignal) => Promise<number>;
}

/**
 * How much of the pool's used space belongs to its volumes and snapshots, as of the last reading. The rest is of others
 * (foreign files, the file system itself), and is not to be promised. What is new since counts as empty.
 */
export class UsageMeter {
  readonly #list: (signal: AbortSignal) => Promise<Iterable<MeteredObject>>;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #used = new Map<string, number>();
  #usedBytes = 0;
  #readAt: number | undefined;
  #reading: Promise<void> | undefined;

  constructor(options: {
    readonly list: (signal: AbortSignal) => Promise<Iterable<MeteredObject>>;
    readonly clock: Clock;
    /** Ends readings: they outlive the call that asked for them. */
    readonly signal: AbortSignal;
  }) {
    this.#list = options.list;
    this.#clock = options.clock;
    this.#signal = options.signal;
  }

  /** Sum of the last reading, less what has been removed since. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Waits for a reading that is at most `maxAgeMs` old. */
  async ensureRead(maxAgeMs: number, signal: AbortSignal): Promise<void> {
    if (this.#readAt !== undefined && this.#clock.now() - this.#readAt <= maxAgeMs) return;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await raceAbort(this.#reading, signal);
  }

  /** Takes a removed object off the sum. */
  forget(id: string): void {
    this.#usedBytes -= this.#used.get(id) ?? 0;
    this.#used.delete(id);
  }

  async #read(): Promise<void> {
    const used = new Map<string, number>();
    const queue = [...(await this.#list(this.#signal))].values();
    const reader = async (): Promise<void> => {
      for (const object of queue) {
        this.#signal.throwIfAborted();
        // What cannot be measured (being removed, damaged) counts as empty: less is promised then, never more.
        used.set(object.id, await object.measure(this.#signal).catch(() => 0));
      }
    };
    await Promise.all(Array.from({ length: 4 }, reader));
    this.#used = used;
    this.#usedBytes = [...used.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.#readAt = this.#clock.now();
  }
}
