import type { Clock } from '../base/clock.ts';
import type { StoreEntry } from '../filestore/store-directory.ts';
import type { PoolRoom } from '../observability/metrics.ts';
import type { DriverStores } from './drivers/driver-stores.ts';

/** Shorter than a scrape waits. */
const DEADLINE_MS = 2_000;

/** The room of every pool of every driver for the metrics; a pool that does not answer in time is listed without. Never throws. */
export async function listPoolRoom(
  drivers: readonly DriverStores[],
  clock: Clock,
): Promise<readonly PoolRoom[]> {
  const end = new AbortController();
  const late = clock.sleep(DEADLINE_MS, end.signal).then(
    () => undefined,
    () => undefined,
  );
  try {
    return await Promise.all(
      drivers.flatMap(({ driver, stores }) =>
        stores.list().map(async (entry) => ({
          driver,
          pool: entry.poolName,
          node: entry.nodeName,
          room: await Promise.race([findRoom(entry, end.signal), late]),
        })),
      ),
    );
  } finally {
    end.abort();
  }
}

/** Undefined when the pool is not open or cannot be read, which its health and its log say more about. */
async function findRoom(entry: StoreEntry, signal: AbortSignal): Promise<PoolRoom['room']> {
  if (!('store' in entry.state)) return undefined;
  try {
    return await entry.state.store.getRoom(signal);
  } catch {
    return undefined;
  }
}
