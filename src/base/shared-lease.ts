import { raceAbort } from './keyed-lock.ts';
import type { Lease } from './lease.ts';

/** One time that the lease is held, or will be. */
interface Term {
  readonly begun: PromiseWithResolvers<AbortSignal>;
  /** Works under way in it. */
  readonly works: Set<Promise<void>>;
}

/**
 * Lets several works be done under one lease, as if each had it alone: it is asked for while at least one of them wants it, and given back when
 * none does any more. None begins in a new term before all have ended those of the last one.
 */
export function shareLease(lease: Lease): Lease {
  let term = createTerm();
  let members = 0;
  let holder: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  async function hold(held: AbortSignal): Promise<void> {
    const own = term;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const end = (): void => {
      term = createTerm();
      resolve();
    };
    held.addEventListener('abort', end, { once: true });
    if (held.aborted) end();
    own.begun.resolve(held);
    await over;
    await Promise.allSettled(own.works);
  }

  function join(): void {
    members += 1;
    if (holder !== undefined) return;
    const stop = new AbortController();
    holder = { stop, ended: lease.holdWhile(hold, stop.signal) };
  }

  async function leave(): Promise<void> {
    members -= 1;
    if (members > 0 || holder === undefined) return;
    const { stop, ended } = holder;
    holder = undefined;
    stop.abort(new Error('Nothing is done under the lease any more.'));
    await ended;
  }

  async function workInTerms(work: (held: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const own = term;
      const held = await raceAbort(own.begun.promise, signal);
      if (held.aborted) continue;
      const working = linked(held, signal, work);
      own.works.add(working);
      await working;
      if (!held.aborted) return;
    }
  }

  return {
    async holdWhile(work, signal) {
      if (signal.aborted) return;
      join();
      try {
        await workInTerms(work, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        await leave();
      }
    },
  };
}

function createTerm(): Term {
  return { begun: Promise.withResolvers<AbortSignal>(), works: new Set() };
}

/** Work whose signal aborts when either does. */
async function linked(
  held: AbortSignal,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const either = new AbortController();
  const stop = (): void => either.abort(held.aborted ? held.reason : signal.reason);
  for (const one of [held, signal]) one.addEventListener('abort', stop, { once: true });
  try {
    if (held.aborted || signal.aborted) stop();
    await work(either.signal);
  } finally {
    for (const one of [held, signal]) one.removeEventListener('abort', stop);
  }
}
