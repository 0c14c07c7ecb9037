import { startDeadline } from '../base/deadline.ts';
import type { FileStore, StoreRoom } from '../filestore/file-store.ts';
import type { StoreDirectory } from '../filestore/store-directory.ts';
import type { PoolReports, ReportedPool } from './pool-reports.ts';

/** Bound on asking a pool for its room. */
const DEADLINE_MS = 10_000;

export interface LocalReportsOptions {
  readonly driver: string;
  readonly nodeName: string;
  readonly stores: StoreDirectory;
  /** See {@link ReportedPool}. */
  readonly settingsOf: (poolName: string) => ReportedPool['settings'];
}

/** What the node of this very program says of its pools: it always answers, and nothing there waits to be admitted. */
export function createLocalReports({
  driver,
  nodeName,
  stores,
  settingsOf,
}: LocalReportsOptions): PoolReports {
  const rooms = new Rooms();
  return {
    list: () => [
      {
        nodeName,
        pools: stores.list().map(({ poolName, poolId, state }) => ({
          name: poolName,
          poolId,
          driver,
          state: 'store' in state ? { kind: 'open', room: rooms.find(state.store) } : { kind: 'unavailable' },
          settings: settingsOf(poolName),
        })),
      },
    ],
    onChange: () => ({ [Symbol.dispose]: () => undefined }),
    admit: async () => await Promise.resolve(),
  };
}

/** The room of stores as it was when they were asked the last time, which each question makes them be anew. */
class Rooms {
  readonly #rooms = new WeakMap<FileStore, StoreRoom>();
  readonly #asked = new WeakSet<FileStore>();

  find(store: FileStore): StoreRoom | undefined {
    if (!this.#asked.has(store)) void this.#ask(store);
    return this.#rooms.get(store);
  }

  async #ask(store: FileStore): Promise<void> {
    this.#asked.add(store);
    using deadline = startDeadline(new AbortController().signal, DEADLINE_MS);
    try {
      this.#rooms.set(store, await store.getRoom(deadline.signal));
    } catch {
      // Whoever asks the pool itself hears why; here the last figures stay.
    } finally {
      this.#asked.delete(store);
    }
  }
}
