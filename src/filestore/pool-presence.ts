import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { DriverError } from '../domain/errors.ts';
import type { StorePaths } from './paths.ts';
import { findPoolRecord } from './pool/pool-record-file.ts';

/** How long the loss of a pool that nobody asks for may go unnoticed. */
const WATCH_MS = 10_000;

/** Tells whether the pool that was opened is still the one below its path: a disk that was unmounted leaves an empty directory, not an empty pool. */
export interface PoolPresence {
  /** Throws POOL_UNAVAILABLE when the pool's record is gone or another. One stat: cheap enough for every call. */
  check(): Promise<void>;
  /** Checks again and again until the pool is gone or the signal aborts. Never throws. */
  watch(clock: Clock, signal: AbortSignal): Promise<void>;
}

/** What is watched. */
export interface WatchedPool {
  readonly paths: StorePaths;
  readonly name: string;
  /** The id that makes another file the same pool all the same: for what is mounted by others, who may mount it anew. Default: another file is another pool. */
  readonly poolId?: string;
}

/** Remembers which file the pool's record is. `onLost` is told each time that it is found to be another, or gone. */
export async function createPoolPresence(
  pool: WatchedPool,
  onLost: (error: DriverError) => void,
): Promise<PoolPresence> {
  let known = await lookAt(pool.paths);

  function lose(cause: unknown): DriverError {
    const error = gone(pool, cause);
    onLost(error);
    return error;
  }

  async function isAnother(now: FileIdentity): Promise<boolean> {
    const isSame = now.dev === known.dev && now.ino === known.ino;
    if (pool.poolId === undefined) return !isSame;
    // Device numbers of network file systems are used again, and two exports that were made alike number their files alike.
    if (isSame && now.ctimeNs === known.ctimeNs) return false;
    if ((await findPoolRecord(pool))?.poolId !== pool.poolId) return true;
    known = now;
    return false;
  }

  async function check(): Promise<void> {
    const now = await lookAt(pool.paths).catch((error: unknown) => {
      throw lose(error);
    });
    if (await isAnother(now)) throw lose(undefined);
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

type FileIdentity = Pick<BigIntStats, 'dev' | 'ino' | 'ctimeNs'>;

async function lookAt(paths: StorePaths): Promise<FileIdentity> {
  return await stat(paths.poolRecord, { bigint: true });
}

function gone(pool: { readonly paths: StorePaths; readonly name: string }, cause: unknown): DriverError {
  return new DriverError(
    'POOL_UNAVAILABLE',
    `Pool ${pool.name} is no longer at ${pool.paths.root}: was its disk unmounted? Mount it again, and the pool is taken up by itself.`,
    { cause },
  );
}
