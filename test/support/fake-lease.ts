import type { Lease } from '../../src/base/lease.ts';

/** A lease that a test gives and takes. */
export interface FakeLease extends Lease {
  give(): void;
  take(): void;
}

/** Held by nobody at first. */
export function createFakeLease(): FakeLease {
  let given = Promise.withResolvers<void>();
  let held: AbortController | undefined;
  return {
    give: () => given.resolve(),
    take() {
      given = Promise.withResolvers<void>();
      held?.abort(new Error('the lease is lost'));
    },
    async holdWhile(work, signal) {
      const stopped = new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      while (!signal.aborted) {
        await Promise.race([given.promise, stopped]);
        if (signal.aborted) return;
        held = new AbortController();
        await work(AbortSignal.any([held.signal, signal]));
        if (!held.signal.aborted) return;
      }
    },
  };
}
