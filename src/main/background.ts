import type { Logger } from '../observability/logger.ts';

/** Work that goes on for as long as the program does, beside all calls. */
export class Background {
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Begins the work. If it ends by an error, `message` says in the log what is not done any more. */
  run(message: string, work: (signal: AbortSignal) => Promise<void>): void {
    const { signal } = this.#stop;
    const running = work(signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#logger.error(message, { err: error });
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Aborts all of it, and waits until it has ended. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('The program is stopping.'));
    await Promise.all(this.#running);
  }
}
