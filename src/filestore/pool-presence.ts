import { stat } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { DriverError } from '../domain/errors.ts';
import type { StorePaths } from './paths.ts';

/** How long the loss of a pool that nobody asks for may go unnoticed. */
const WATCH_MS = 10_000;

/** Tells whether the pool that was opened is still the one below its path: a disk that was unmounted leaves an empty directory, not an empty pool. */
export interface PoolPresence {
  /** Throws POOL_UNAVAILABLE when the pool's record is gone or another file. One stat: cheap enough for every call. */
  check(): Promise<void>;
  /** Checks again and again until the pool is gone or the signal aborts. Never throws. */
  watch(clock: Clock, signal: AbortSignal): Promise<void>;
}

/** Remembers which file the pool's record is. `onLost` is told each time that it is found to be another, or gone. */
export async function createPoolPresence(
  pool: { readonly paths: StorePaths; readonly name: string },
  onLost: (error: DriverError) => void,
): Promise<PoolPresence> {
  const { poolRecord } = pool.paths;
  const opened = await stat(poolRecord, { bigint: true });

  function lose(cause: unknown): DriverError {
    const error = gone(pool, cause);
    onLost(error);
    return error;
  }

  async function check(): Promise<void> {
    const now = await stat(poolRecord, { bigint: true }).catch((error: unknown) => {
      throw lose(error);
    });
    if (now.dev !== opened.dev || now.ino !== opened.ino) throw lose(undefined);
  }

  return {
    check,
    async watch(clock, signal) {
      try {
        for (;;) {
          await clock.sleep(WATCH_MS, signal);
          await check();
        }
      } catch {
        // Closed, or lost, which whoever wants to know has been told.
      }
    },
  };
}

function gone(pool: { readonly paths: StorePaths; readonly name: string }, cause: unknown): DriverError {
  return new DriverError(
    'POOL_UNAVAILABLE',
    `Pool ${pool.name} is no longer at ${pool.paths.root}: was its disk unmounted? Mount it again, and the pool is taken up by itself.`,
    { cause },
  );
}
