import { setTimeout as sleepFor } from 'node:timers/promises';

/** Time as a dependency, so that tests can own it. */
export interface Clock {
  /** Milliseconds since the epoch: for what people and other machines are told. Somebody may set it at any moment, forward or back. */
  now(): number;
  /** Milliseconds since some moment, by a clock that nobody sets: for how long something takes or is good for. */
  monotonic(): number;
  /** Resolves after `ms`; throws the signal's reason when it aborts first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await sleepFor(ms, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};
