import type { LocalFileStore, StoreAbilities, StoreRoom } from '../../filestore/file-store.ts';
import { openPeerContent } from './content-verbs.ts';
import type { StoreMethod, StoreVerbs } from './store-verbs.ts';

/** For so long what the pool said of its room is told to whoever must not wake the worker for it. */
const ROOM_KEPT_MS = 30_000;

/** A way to the worker of a pool: {@link PoolWorker}. */
export interface StoreCaller {
  readonly isRunning: boolean;
  /** Resolves when it takes calls: {@link PoolWorker.start}. */
  start(signal: AbortSignal): Promise<void>;
  call<K extends keyof StoreVerbs>(
    verb: K,
    argument: Parameters<StoreVerbs[K]>[0],
    signal: AbortSignal,
  ): Promise<Awaited<ReturnType<StoreVerbs[K]>>>;
}

/** The store that a worker has open, or opens again when it is called. */
export function createWorkerStore(
  worker: StoreCaller,
  { poolId, abilities }: { readonly poolId: string; readonly abilities: StoreAbilities },
  close: () => Promise<void>,
): LocalFileStore {
  let room: { readonly value: StoreRoom; readonly at: number } | undefined;
  const call = async <M extends StoreMethod>(
    method: M,
    request: unknown,
    signal: AbortSignal,
  ): Promise<Awaited<ReturnType<LocalFileStore[M]>>> =>
    (await worker.call('callStore', { poolId, method, request }, signal)) as Awaited<
      ReturnType<LocalFileStore[M]>
    >;
  return {
    poolId,
    abilities,
    createVolume: async (request, signal) => await call('createVolume', request, signal),
    deleteVolume: async (request, signal) => await call('deleteVolume', request, signal),
    findVolume: async (request, signal) => await call('findVolume', request, signal),
    findVolumeByName: async (request, signal) => await call('findVolumeByName', request, signal),
    listVolumes: async (request, signal) => await call('listVolumes', request, signal),
    expandVolume: async (request, signal) => await call('expandVolume', request, signal),
    createSnapshot: async (request, signal) => await call('createSnapshot', request, signal),
    deleteSnapshot: async (request, signal) => await call('deleteSnapshot', request, signal),
    findSnapshot: async (request, signal) => await call('findSnapshot', request, signal),
    findSnapshotByName: async (request, signal) => await call('findSnapshotByName', request, signal),
    listSnapshots: async (request, signal) => await call('listSnapshots', request, signal),
    async getRoom(signal) {
      const value = await call('getRoom', undefined, signal);
      room = { value, at: performance.now() };
      return value;
    },
    peekRoom() {
      return room === undefined || performance.now() - room.at > ROOM_KEPT_MS ? undefined : room.value;
    },
    getUsage: async (request, signal) => await call('getUsage', request, signal),
    getVolumeHealth: async (request, signal) => await call('getVolumeHealth', request, signal),
    getHealth: async (signal) => await call('getHealth', undefined, signal),
    locate: async (request, signal) => await call('locate', request, signal),
    markIdentityRenewed: async (request, signal) => await call('markIdentityRenewed', request, signal),
    markOwnerApplied: async (request, signal) => await call('markOwnerApplied', request, signal),
    async openContent(request, signal) {
      return await openPeerContent(
        worker,
        async (handle) => await worker.call('openContent', { poolId, handle, request }, signal),
      );
    },
    close,
  };
}
