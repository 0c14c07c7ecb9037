import { startDeadline } from './deadline.ts';
import { raceAbort } from './keyed-lock.ts';

interface Running {
  readonly fingerprint: string;
  readonly result: Promise<unknown>;
}

/** What `Operations.run` does with one call. */
export interface OperationOptions<T> {
  /** What the operation is about: a name or an id with its scope. Operations with one key never overlap. */
  readonly key: string;
  /** What is asked. A call with the key and fingerprint of a running one joins it. */
  readonly fingerprint: string;
  /** Bound on the work itself, whoever waits for it. */
  readonly deadlineMs: number;
  /** The work. Its signal is the operation's own: it outlives the callers that wait. */
  readonly work: (signal: AbortSignal) => Promise<T>;
  /** Makes the error for a call that differs from the one under way. */
  readonly conflict: () => Error;
}

/**
 * Operations under way, one per key. A second identical call joins the first, a different one is refused, and a caller
 * that goes away ends only its own wait (CSI: a client's timeout does not mean that the work stopped).
 */
export class Operations {
  readonly #running = new Map<string, Running>();
  readonly #stop = new AbortController();

  /** Number of operations under way. */
  get size(): number {
    return this.#running.size;
  }

  /** Starts the work or joins it, and waits until it settles or `signal` aborts. Throws `conflict()` as above. */
  async run<T>(options: OperationOptions<T>, signal: AbortSignal): Promise<T> {
    const running = this.#running.get(options.key);
    if (running === undefined) return await raceAbort(this.#start(options), signal);
    if (running.fingerprint !== options.fingerprint) throw options.conflict();
    return (await raceAbort(running.result, signal)) as T;
  }

  /** Resolves when everything that is under way now has settled. */
  async whenSettled(): Promise<void> {
    await Promise.allSettled([...this.#running.values()].map((running) => running.result));
  }

  /** Aborts what is under way and waits until all of it has settled. */
  async stop(reason: Error): Promise<void> {
    this.#stop.abort(reason);
    await Promise.allSettled([...this.#running.values()].map((running) => running.result));
  }

  #start<T>(options: OperationOptions<T>): Promise<T> {
    // What `finally` is given runs later, so also when the work has failed at once the key is there to be removed.
    const result = this.#work(options).finally(() => this.#running.delete(options.key));
    // A caller that left must not turn a failure into an unhandled rejection.
    result.catch(() => undefined);
    this.#running.set(options.key, { fingerprint: options.fingerprint, result });
    return result;
  }

  async #work<T>({ work, deadlineMs }: OperationOptions<T>): Promise<T> {
    using deadline = startDeadline(this.#stop.signal, deadlineMs);
    return await work(deadline.signal);
  }
}
