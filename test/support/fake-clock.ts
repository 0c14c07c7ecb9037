import type { Clock } from '../../src/base/clock.ts';

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** Time that a test moves. */
export class FakeClock implements Clock {
  #now: number;
  #passed = 0;
  readonly #sleepers = new Set<Sleeper>();
  readonly #waiters = new Set<{ readonly count: number; readonly resolve: () => void }>();

  constructor(start = Date.parse('2026-01-01T00:00:00Z')) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#passed;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { until: this.#passed + ms, wake: resolve };
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#sleepers.add(sleeper);
    for (const waiter of this.#waiters) {
      if (this.#sleepers.size >= waiter.count) waiter.resolve();
    }
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#sleepers.delete(sleeper);
    }
  }

  /** How many sleep now. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  /** Moves time on and wakes whoever slept until then. */
  advance(ms: number): void {
    this.#now += ms;
    this.#passed += ms;
    for (const sleeper of this.#sleepers) {
      if (sleeper.until > this.#passed) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }

  /** Sets the clock, forward or back, in no time at all. */
  set(byMs: number): void {
    this.#now += byMs;
  }

  /** Resolves when at least so many sleep. */
  async whenSleeping(count = 1): Promise<void> {
    if (this.#sleepers.size >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { count, resolve };
    this.#waiters.add(waiter);
    await promise;
    this.#waiters.delete(waiter);
  }
}
