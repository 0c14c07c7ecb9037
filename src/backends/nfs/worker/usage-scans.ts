import { type Clock, systemClock } from '../../../base/clock.ts';
import { startDeadline } from '../../../base/deadline.ts';
import { KeyedLock, raceAbort } from '../../../base/keyed-lock.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { Trees } from '../../../host/host.ts';

/** A scan is as good as new for so long. */
const FRESH_MS = 5 * 60_000;
/** What nobody has asked for so long is not here any more. */
const FORGOTTEN_MS = 60 * 60_000;
/** Bound on one scan. */
const SCAN_MS = 30 * 60_000;
/** How long who asks waits for a first result. */
const PATIENCE_MS = 5_000;

/** What a tree holds. */
export interface TreeUsage {
  readonly usedBytes: number;
  readonly usedInodes: number;
}

interface Scan {
  usage: TreeUsage | undefined;
  at: number;
  askedAt: number;
  running: Promise<void> | undefined;
}

/** Sizes of volumes that no quota counts, by walking through them in the background, one at a time. */
export class UsageScans {
  readonly #measure: Trees['measure'];
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #scans = new Map<string, Scan>();
  readonly #turns = new KeyedLock();
  readonly #stop = new AbortController();

  constructor(measure: Trees['measure'], clock: Pick<Clock, 'monotonic'> = systemClock) {
    this.#measure = measure;
    this.#clock = clock;
  }

  /** Of how many volumes something is remembered. */
  get size(): number {
    return this.#scans.size;
  }

  get isBusy(): boolean {
    return [...this.#scans.values()].some((scan) => scan.running !== undefined);
  }

  /** What was counted last, at most some minutes ago plus the time of a scan. Throws OPERATION_PENDING until there is a first result, and what the first scan fails with. */
  async get(volumeId: string, path: string, signal: AbortSignal): Promise<TreeUsage> {
    const scan = this.#getScan(volumeId);
    const isFresh = scan.usage !== undefined && this.#clock.monotonic() - scan.at < FRESH_MS;
    if (!isFresh && scan.running === undefined) {
      scan.running = this.#run(scan, path);
      // Whoever is given an older result does not wait for it.
      scan.running.catch(() => undefined);
    }
    if (scan.usage === undefined) await waitABit(scan.running, signal);
    if (scan.usage !== undefined) return scan.usage;
    throw new DriverError(
      'OPERATION_PENDING',
      `What volume ${volumeId} holds is being counted, which takes as long as it has files: ask again.`,
    );
  }

  #getScan(volumeId: string): Scan {
    const now = this.#clock.monotonic();
    for (const [id, { askedAt, running }] of this.#scans) {
      if (running === undefined && now - askedAt > FORGOTTEN_MS) this.#scans.delete(id);
    }
    const scan = this.#scans.get(volumeId) ?? { usage: undefined, at: 0, askedAt: now, running: undefined };
    scan.askedAt = now;
    this.#scans.set(volumeId, scan);
    return scan;
  }

  close(): void {
    this.#stop.abort(new Error('The pool is being closed.'));
  }

  async #run(scan: Scan, path: string): Promise<void> {
    try {
      using _turn = await this.#turns.acquire('scan', this.#stop.signal);
      using deadline = startDeadline(this.#stop.signal, SCAN_MS);
      scan.usage = await this.#measure(path, deadline.signal);
      scan.at = this.#clock.monotonic();
    } finally {
      scan.running = undefined;
    }
  }
}

/** Throws what the work throws; returns when it takes longer than who asks should wait. */
async function waitABit(work: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  if (work === undefined) return;
  using patience = startDeadline(signal, PATIENCE_MS);
  try {
    await raceAbort(work, patience.signal);
  } catch (error) {
    if (error !== patience.signal.reason || signal.aborted) throw error;
  }
}
