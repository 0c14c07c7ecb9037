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
    () => DOWN,
    () => DOWN,
  );
  try {
    return await Promise.all(
      drivers.flatMap(({ driver, stores }) =>
        stores.list().map(async (entry) => ({
          driver,
          pool: entry.poolName,
          node: entry.nodeName,
          ...(await Promise.race([look(entry, end.signal), late])),
        })),
      ),
    );
  } finally {
    end.abort();
  }
}

type Sight = Pick<PoolRoom, 'isUp' | 'limitsDirectories' | 'room'>;

const DOWN: Sight = { isUp: false, limitsDirectories: undefined, room: undefined };

/** A pool that is not open, or cannot be read, is down; its health and its log say more. One that would have to be woken is left alone. */
async function look({ state }: StoreEntry, signal: AbortSignal): Promise<Sight> {
  if (!('store' in state)) return DOWN;
  const { store } = state;
  const limitsDirectories = store.abilities.quota !== 'none';
  if (store.peekRoom !== undefined) return { isUp: true, limitsDirectories, room: store.peekRoom() };
  try {
    return { isUp: true, limitsDirectories, room: await store.getRoom(signal) };
  } catch {
    return { ...DOWN, limitsDirectories };
  }
}
