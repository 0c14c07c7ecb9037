import type { Clock } from '../base/clock.ts';
import { raceAbort } from '../base/keyed-lock.ts';
import { FamilyUsage, type MemberUsage } from './family-usage.ts';

/** Something on the meter: a volume or a snapshot. */
export interface MeteredObject {
  readonly id: string;
  /** What may share blocks is of one family ({@link FamilyUsage}). */
  readonly family: string;
  readonly promisedBytes: number;
  /** Undefined when finding out takes too long to be done again and again. */
  readonly measure: (signal: AbortSignal) => Promise<MemberUsage | undefined>;
}

/**
 * How much of the pool's used space belongs to its volumes and snapshots, as of the last reading, and never more than that. The rest is of others
 * (foreign files, the file system itself), and is not to be promised. What is new since counts as empty.
 */
export class UsageMeter {
  readonly #list: (signal: AbortSignal) => Promise<Iterable<MeteredObject>>;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #used = new FamilyUsage();
  #unmeasured = new Map<string, number>();
  #unmeasuredBytes = 0;
  /** Since the reading that is under way began: it may have found them still. */
  readonly #forgotten = new Set<string>();
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

  /** What is certainly used of what was promised, by the last reading, less what has been removed since. */
  get usedBytes(): number {
    return this.#used.bytes;
  }

  /** What was promised to those whose use is not measured. */
  get unmeasuredBytes(): number {
    return this.#unmeasuredBytes;
  }

  /** Waits for a reading that is at most `maxAgeMs` old. */
  async ensureRead(maxAgeMs: number, signal: AbortSignal): Promise<void> {
    if (this.#isFresh(maxAgeMs)) return;
    await raceAbort(this.#startReading(), signal);
  }

  /** Starts a reading in the background unless the last one is at most `maxAgeMs` old. One that fails is told to whoever needs it. */
  refresh(maxAgeMs: number): void {
    if (!this.#isFresh(maxAgeMs)) this.#startReading().catch(() => undefined);
  }

  /** Takes a removed object off the sum. */
  forget(id: string): void {
    if (this.#reading !== undefined) this.#forgotten.add(id);
    this.#used.forget(id);
    this.#unmeasuredBytes -= this.#unmeasured.get(id) ?? 0;
    this.#unmeasured.delete(id);
  }

  #isFresh(maxAgeMs: number): boolean {
    return this.#readAt !== undefined && this.#clock.monotonic() - this.#readAt <= maxAgeMs;
  }

  #startReading(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const used = new FamilyUsage();
    const unmeasured = new Map<string, number>();
    this.#forgotten.clear();
    const queue = [...(await this.#list(this.#signal))].values();
    const reader = async (): Promise<void> => {
      for (const object of queue) {
        this.#signal.throwIfAborted();
        // What cannot be measured (being removed, damaged) counts as empty: less is promised then, never more.
        const usage = await object.measure(this.#signal).catch(() => ({ usedBytes: 0, exclusiveBytes: 0 }));
        if (usage === undefined) unmeasured.set(object.id, object.promisedBytes);
        else used.add(object, usage);
      }
    };
    await Promise.all(Array.from({ length: 4 }, reader));
    for (const id of this.#forgotten) {
      used.forget(id);
      unmeasured.delete(id);
    }
    this.#used = used;
    this.#unmeasured = unmeasured;
    this.#unmeasuredBytes = [...unmeasured.values()].reduce((sum, bytes) => sum + bytes, 0);
    this.#readAt = this.#clock.monotonic();
  }
}
