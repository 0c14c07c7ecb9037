import type { Clock } from '../base/clock.ts';
import type { FileStore, StoreRoom } from '../filestore/file-store.ts';

/** For so long a pool's room is told from memory. */
const MAX_AGE_MS = 10_000;

/** The room of one pool as it was told last. */
export interface RoomCache {
  put(room: StoreRoom): void;
  /** The store, telling its room from here while that is at most 10 s old and nothing was changed through it. */
  wrap(store: FileStore): FileStore;
}

/** An empty cache. */
export function createRoomCache(clock: Pick<Clock, 'monotonic'>): RoomCache {
  let known: { readonly room: StoreRoom; readonly at: number } | undefined;
  /** Room that was asked for before a change is not of use after it. */
  let changes = 0;
  const put = (room: StoreRoom): void => {
    known = { room, at: clock.monotonic() };
  };
  const changing = async <Result>(change: Promise<Result>): Promise<Result> => {
    try {
      return await change;
    } finally {
      changes += 1;
      known = undefined;
    }
  };
  return {
    put,
    wrap: (store) => ({
      ...store,
      createVolume: async (request, signal) => await changing(store.createVolume(request, signal)),
      deleteVolume: async (request, signal) => await changing(store.deleteVolume(request, signal)),
      expandVolume: async (request, signal) => await changing(store.expandVolume(request, signal)),
      createSnapshot: async (request, signal) => await changing(store.createSnapshot(request, signal)),
      deleteSnapshot: async (request, signal) => await changing(store.deleteSnapshot(request, signal)),
      async getRoom(signal) {
        if (known !== undefined && clock.monotonic() - known.at <= MAX_AGE_MS) return known.room;
        const before = changes;
        const room = await store.getRoom(signal);
        if (changes === before) put(room);
        return room;
      },
    }),
  };
}
