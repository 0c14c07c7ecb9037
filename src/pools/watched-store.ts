import type { LocalFileStore } from '../filestore/file-store.ts';
import type { PoolPulse } from './pool-pulse.ts';

/** A store whose calls are begun only while its pool answers. */
export interface WatchedStore extends LocalFileStore {
  /** Why it takes no calls now: {@link PoolPulse.findObstacle}. */
  findObstacle(): string | undefined;
}

/** The store with every call run by the pulse of its pool. */
export function watchStore(store: LocalFileStore, pulse: PoolPulse): WatchedStore {
  const read = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
    await pulse.run(work, signal, 'read');
  const write = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
    await pulse.run(work, signal, 'write');
  return {
    poolId: store.poolId,
    abilities: store.abilities,
    findObstacle: () => pulse.findObstacle(),
    createVolume: (request, signal) => write(signal, () => store.createVolume(request, signal)),
    deleteVolume: (request, signal) => write(signal, () => store.deleteVolume(request, signal)),
    findVolume: (request, signal) => read(signal, () => store.findVolume(request, signal)),
    findVolumeByName: (request, signal) => read(signal, () => store.findVolumeByName(request, signal)),
    listVolumes: (request, signal) => read(signal, () => store.listVolumes(request, signal)),
    expandVolume: (request, signal) => write(signal, () => store.expandVolume(request, signal)),
    createSnapshot: (request, signal) => write(signal, () => store.createSnapshot(request, signal)),
    deleteSnapshot: (request, signal) => write(signal, () => store.deleteSnapshot(request, signal)),
    findSnapshot: (request, signal) => read(signal, () => store.findSnapshot(request, signal)),
    findSnapshotByName: (request, signal) => read(signal, () => store.findSnapshotByName(request, signal)),
    listSnapshots: (request, signal) => read(signal, () => store.listSnapshots(request, signal)),
    getRoom: (signal) => read(signal, () => store.getRoom(signal)),
    getUsage: (request, signal) => read(signal, () => store.getUsage(request, signal)),
    getVolumeHealth: (request, signal) => read(signal, () => store.getVolumeHealth(request, signal)),
    getHealth: (signal) => read(signal, () => store.getHealth(signal)),
    locate: (request, signal) => read(signal, () => store.locate(request, signal)),
    openContent: (request, signal) => write(signal, () => store.openContent(request, signal)),
    markIdentityRenewed: (request, signal) => write(signal, () => store.markIdentityRenewed(request, signal)),
    markOwnerApplied: (request, signal) => write(signal, () => store.markOwnerApplied(request, signal)),
    ...(store.isBusy === undefined ? {} : { isBusy: () => store.isBusy?.() ?? false }),
    ...(store.peekRoom === undefined ? {} : { peekRoom: () => store.peekRoom?.() }),
    close: () => store.close(),
  };
}
