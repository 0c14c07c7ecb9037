import { hashName } from '../base/ids.ts';
import { DriverError } from '../domain/errors.ts';
import { adoptVolume } from './adoption/adopt-volume.ts';
import { openContent } from './content/open-content.ts';
import { createSnapshot } from './create-snapshot.ts';
import { createVolume } from './create-volume.ts';
import { deleteSnapshot, deleteVolume } from './delete-object.ts';
import type { AdoptingFileStore, VolumeLocation, VolumeUsage } from './file-store.ts';
import { getPoolHealth, getVolumeHealth } from './health.ts';
import { getVolumeRecord, layoutOf, locateContent } from './objects.ts';
import { toPoolError } from './pool-errors.ts';
import type { StoreContext } from './store-context.ts';
import { expandVolume, markIdentityRenewed, markOwnerApplied } from './update-volume.ts';

/** The store over an opened pool. `close` ends what `openLocalStore` started. */
export function createLocalStore(context: StoreContext, close: () => Promise<void>): AdoptingFileStore {
  async function guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toPoolError(error, context.pool.name, context.isShared);
    }
  }
  /** Reads from memory, once it is sure that the pool is still there. */
  async function whilePresent<T>(work: () => Promise<T>): Promise<T> {
    return await guard(async () => {
      await context.presence.check();
      return await work();
    });
  }
  const { volumes, snapshots, clusterId } = context;
  return {
    poolId: context.poolId,
    abilities: context.abilities,
    createVolume: (request, signal) => guard(() => createVolume(context, request, signal)),
    deleteVolume: ({ id }, signal) => guard(() => deleteVolume(context, id, signal)),
    findVolume: ({ id }) => whilePresent(() => volumes.findById(id)),
    findVolumeByName: ({ name }) => whilePresent(() => volumes.find(hashName(clusterId, name))),
    listVolumes: (request, signal) => whilePresent(() => volumes.page(request, signal)),
    expandVolume: (request, signal) => guard(() => expandVolume(context, request, signal)),
    createSnapshot: (request, signal) => guard(() => createSnapshot(context, request, signal)),
    deleteSnapshot: ({ id }) => guard(() => deleteSnapshot(context, id)),
    findSnapshot: ({ id }) => whilePresent(() => snapshots.findById(id)),
    findSnapshotByName: ({ name }) => whilePresent(() => snapshots.find(hashName(clusterId, name))),
    listSnapshots: (request, signal) => {
      const { sourceVolumeId } = request;
      return whilePresent(() =>
        snapshots.page(request, signal, (record) =>
          sourceVolumeId === undefined ? true : record.sourceVolumeId === sourceVolumeId,
        ),
      );
    },
    getRoom: (signal) => whilePresent(() => context.room.getRoom(signal)),
    getUsage: ({ id }, signal) => guard(() => getUsage(context, id, signal)),
    getVolumeHealth: ({ id }, signal) => guard(() => getVolumeHealth(context, id, signal)),
    getHealth: (signal) => guard(() => getPoolHealth(context, signal)),
    locate: ({ id }) => guard(() => locate(context, id)),
    openContent: (request, signal) => guard(() => openContent(context, request, signal)),
    markIdentityRenewed: ({ id }, signal) => guard(() => markIdentityRenewed(context, id, signal)),
    markOwnerApplied: ({ id }, signal) => guard(() => markOwnerApplied(context, id, signal)),
    adoptVolume: (request, signal) => guard(() => adoptVolume(context, request, signal)),
    isBusy: () => context.jobs.size > 0 || context.trash.size > 0,
    close,
  };
}

async function getUsage(context: StoreContext, id: string, signal: AbortSignal): Promise<VolumeUsage> {
  const volume = await getVolumeRecord(context, id);
  const content = { path: locateContent(context, volume), kept: volume.kept };
  const { usedBytes, usedInodes } = await layoutOf(context, volume).measure(content, signal);
  return { capacityBytes: volume.capacityBytes, usedBytes, usedInodes };
}

async function locate(context: StoreContext, id: string): Promise<VolumeLocation> {
  const record = await getVolumeRecord(context, id);
  const isTorn = record.kept.layout === 'image' && context.abilities.imageCopying === 'copy';
  if (isTorn && context.pins.isHeld(id)) {
    throw new DriverError(
      'OPERATION_PENDING',
      `The volume ${id} is being copied, which takes as long as it is large in this pool, and must not change meanwhile: ask again.`,
    );
  }
  return { record, path: locateContent(context, record) };
}
