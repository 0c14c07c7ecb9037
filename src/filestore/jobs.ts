import type { Clock } from '../base/clock.ts';
import { Operations } from '../base/operations.ts';
import { DriverError } from '../domain/errors.ts';

/** Copying terabytes may take a day; a job that takes longer is stuck. */
const JOB_DEADLINE_MS = 24 * 3600 * 1000;
/** How long the failure of a job that nobody waited for is kept for the retry that asks. */
const FAILURE_KEPT_MS = 10 * 60 * 1000;

/** What the work of a job gets. */
export interface JobHandle {
  /** The job's own signal: it outlives the callers that wait, and aborts when the store is closed. */
  readonly signal: AbortSignal;
  /** Notes how far the copying is, for those who ask meanwhile. */
  report(done: number, total: number): void;
}

/** One piece of work, keyed by what it makes. */
export interface JobOptions<T> {
  /** `volumes/<hash>`: jobs with one key never overlap. */
  readonly key: string;
  /** What is asked; a call with the same key and fingerprint joins. */
  readonly fingerprint: string;
  /** `volume "pvc-1"`, for sentences. */
  readonly subject: string;
  readonly work: (job: JobHandle) => Promise<T>;
}

interface Failure {
  readonly fingerprint: string;
  readonly error: unknown;
  readonly at: number;
}

/**
 * Work that may take longer than a call waits. The first identical call that comes back joins it; callers get
 * OPERATION_PENDING with progress after `answerWithinMs` while it goes on. The failure of a job that outlived its callers is handed
 * to the next one that asks, once.
 */
export class Jobs {
  readonly #operations = new Operations();
  readonly #waiters = new Map<string, number>();
  readonly #progress = new Map<string, string>();
  readonly #failures = new Map<string, Failure>();
  readonly #answerWithinMs: number;
  readonly #clock: Clock;

  constructor(options: { readonly answerWithinMs: number; readonly clock: Clock }) {
    this.#answerWithinMs = options.answerWithinMs;
    this.#clock = options.clock;
  }

  /** Number of jobs under way. */
  get size(): number {
    return this.#operations.size;
  }

  /** Starts or joins the job. Throws OPERATION_PENDING as above, and when another request for the same target is under way. */
  async run<T>(options: JobOptions<T>, signal: AbortSignal): Promise<T> {
    this.#throwKeptFailure(options);
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(this.#pending(options)), this.#answerWithinMs);
    const waiting = AbortSignal.any([signal, patience.signal]);
    this.#waiters.set(options.key, (this.#waiters.get(options.key) ?? 0) + 1);
    const work = async (own: AbortSignal): Promise<T> => {
      try {
        return await options.work({
          signal: own,
          report: (done, total) => this.#report(options.key, done, total),
        });
      } catch (error) {
        if (!this.#waiters.has(options.key)) this.#keepFailure(options, error, own);
        throw error;
      } finally {
        this.#progress.delete(options.key);
      }
    };
    const operation = {
      key: options.key,
      fingerprint: options.fingerprint,
      deadlineMs: JOB_DEADLINE_MS,
      work,
      conflict: () => this.#conflict(options),
    };
    try {
      return await this.#operations.run(operation, waiting);
    } catch (error) {
      if (patience.signal.aborted && error === patience.signal.reason) throw this.#pending(options);
      throw error;
    } finally {
      this.#leave(options.key);
      clearTimeout(timer);
    }
  }

  /** Aborts all jobs and waits until they have stopped. */
  async stop(): Promise<void> {
    await this.#operations.stop(
      new DriverError('OPERATION_PENDING', 'The store is being closed: ask again.'),
    );
  }

  #leave(key: string): void {
    const left = (this.#waiters.get(key) ?? 1) - 1;
    if (left > 0) this.#waiters.set(key, left);
    else this.#waiters.delete(key);
  }

  #report(key: string, done: number, total: number): void {
    if (total > 0)
      this.#progress.set(
        key,
        `${Math.min(99, Math.floor((done / total) * 100))} % of the content is copied (${done} of about ${total} bytes)`,
      );
  }

  #throwKeptFailure(options: { readonly key: string; readonly fingerprint: string }): void {
    const failure = this.#failures.get(options.key);
    if (failure === undefined) return;
    this.#failures.delete(options.key);
    const isFresh = this.#clock.monotonic() - failure.at < FAILURE_KEPT_MS;
    if (isFresh && failure.fingerprint === options.fingerprint) throw failure.error;
  }

  #keepFailure(
    options: { readonly key: string; readonly fingerprint: string },
    error: unknown,
    own: AbortSignal,
  ): void {
    if (own.aborted) return;
    this.#failures.set(options.key, { fingerprint: options.fingerprint, error, at: this.#clock.monotonic() });
  }

  #pending(options: { readonly key: string; readonly subject: string }): DriverError {
    const progress = this.#progress.get(options.key) ?? 'it is still being made';
    return new DriverError(
      'OPERATION_PENDING',
      `The ${options.subject} is not ready yet: ${progress}. Ask again.`,
    );
  }

  #conflict(options: { readonly subject: string }): DriverError {
    return new DriverError(
      'OPERATION_PENDING',
      `The ${options.subject} is being made by another request, which asks for something else. Ask again when that one is done.`,
    );
  }
}
