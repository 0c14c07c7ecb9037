import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { JobHandle, Jobs } from '../jobs.ts';
import type { SourceContent } from '../layouts/layout.ts';

/** How long a cut is kept for a reader that was cut off: longer than a restart of its node. */
const IDLE_MS = 15 * 60_000;
/** How long it is kept once everything was read: the end may not have arrived. */
const LINGER_MS = 60_000;

/** A hidden cut of a volume: no record, in no listing. */
export interface Cut extends AsyncDisposable {
  /** Random: another cut has other content. */
  readonly tag: string;
  readonly content: SourceContent;
  readonly usedBytes: number;
}

/** A cut that somebody reads. Disposing it lets go of it. */
export interface HeldCut extends Disposable {
  readonly cut: Cut;
  /** All of it was read: it is not needed much longer. */
  markRead(): void;
}

interface Entry {
  readonly cut: Cut;
  holders: number;
  isRead: boolean;
  /** The volume is gone: whoever leaves last takes it along. */
  isForgotten: boolean;
  expiry: AbortController | undefined;
}

/** What is asked of {@link Cuts.hold}. */
export interface CutOptions {
  /** Whose cut and for whom: the same words find the same cut. */
  readonly words: readonly string[];
  /** `cut of volume …`, for sentences. */
  readonly subject: string;
  readonly make: (job: JobHandle) => Promise<Cut>;
}

/** The cuts that volumes are read from by other stores. They are kept for a while after their readers have left, and never beyond this program's life. */
export class Cuts {
  readonly #entries = new Map<string, Entry>();
  readonly #removals = new Set<Promise<void>>();
  readonly #options: { readonly jobs: Jobs; readonly clock: Clock };
  #isClosed = false;

  constructor(options: { readonly jobs: Jobs; readonly clock: Clock }) {
    this.#options = options;
  }

  /** Finds the cut or has it made. Throws OPERATION_PENDING while that takes long. */
  async hold(options: CutOptions, signal: AbortSignal): Promise<HeldCut> {
    const key = createHash('sha256').update(JSON.stringify(options.words)).digest('hex');
    const known = this.#entries.get(key);
    if (known !== undefined) return this.#take(key, known);
    const job = {
      key: `cuts/${key}`,
      fingerprint: key,
      subject: options.subject,
      work: async (handle: JobHandle): Promise<Entry> => this.#keep(key, await options.make(handle)),
    };
    return this.#take(key, await this.#options.jobs.run(job, signal));
  }

  /** A volume is gone: its cuts are kept for nobody who might come back. */
  forget(volumeId: string): void {
    for (const [key, entry] of this.#entries) {
      if (entry.cut.content.id !== volumeId) continue;
      entry.isForgotten = true;
      if (entry.holders === 0) this.#remove(key);
    }
  }

  /** Removes all of them. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const key of this.#entries.keys()) this.#remove(key);
    await Promise.allSettled(this.#removals);
  }

  /** Whoever had it made may have left meanwhile: it waits for a reader from the beginning. */
  #keep(key: string, cut: Cut): Entry {
    const entry: Entry = { cut, holders: 0, isRead: false, isForgotten: false, expiry: undefined };
    this.#entries.set(key, entry);
    if (this.#isClosed) this.#remove(key);
    else this.#expireLater(key, entry);
    return entry;
  }

  #take(key: string, entry: Entry): HeldCut {
    entry.holders += 1;
    entry.expiry?.abort();
    let isHeld = true;
    return {
      cut: entry.cut,
      markRead: () => {
        entry.isRead = true;
      },
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        entry.holders -= 1;
        if (entry.holders > 0) return;
        if (entry.isForgotten) this.#remove(key);
        else this.#expireLater(key, entry);
      },
    };
  }

  #expireLater(key: string, entry: Entry): void {
    if (this.#entries.get(key) !== entry) return;
    const expiry = new AbortController();
    entry.expiry = expiry;
    const expire = async (): Promise<void> => {
      await this.#options.clock.sleep(entry.isRead ? LINGER_MS : IDLE_MS, expiry.signal);
      this.#remove(key);
    };
    // Aborted when somebody takes it again, or when it is removed otherwise.
    expire().catch(() => undefined);
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    entry.expiry?.abort();
    const removal: Promise<void> = Promise.resolve(entry.cut[Symbol.asyncDispose]()).finally(() => {
      this.#removals.delete(removal);
    });
    // A staged directory never throws when it is discarded; what is left is swept at the next start.
    this.#removals.add(removal);
  }
}
