import { type Clock, systemClock } from '../../src/base/clock.ts';

/** A clock on which time passes so many times faster, and which is wrong by `skewMs`. */
export function createFastClock(options: { readonly factor: number; readonly skewMs?: number }): Clock {
  const { factor, skewMs = 0 } = options;
  return {
    now: () => Date.now() + skewMs,
    monotonic: () => systemClock.monotonic() * factor,
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
  };
}
