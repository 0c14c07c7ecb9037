import { stat } from 'node:fs/promises';
import { DriverError } from '../domain/errors.ts';
import type { StorePaths } from './paths.ts';

/** Tells whether the pool that was opened is still the one below its path: a disk that was unmounted leaves an empty directory, not an empty pool. */
export interface PoolPresence {
  /** Throws POOL_UNAVAILABLE when the pool's record is gone or another file. One stat: cheap enough for every call. */
  check(): Promise<void>;
}

/** Remembers which file the pool's record is. */
export async function createPoolPresence(paths: StorePaths, poolName: string): Promise<PoolPresence> {
  const opened = await stat(paths.poolRecord, { bigint: true });
  return {
    async check() {
      const now = await stat(paths.poolRecord, { bigint: true }).catch((error: unknown) => {
        throw gone(paths, poolName, error);
      });
      if (now.dev !== opened.dev || now.ino !== opened.ino) throw gone(paths, poolName, undefined);
    },
  };
}

function gone(paths: StorePaths, poolName: string, cause: unknown): DriverError {
  return new DriverError(
    'POOL_UNAVAILABLE',
    `Pool ${poolName} is no longer at ${paths.root}: was its disk unmounted? Mount it again and restart the driver.`,
    { cause },
  );
}
