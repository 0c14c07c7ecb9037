import { DriverError, isDriverError } from '../../../domain/errors.ts';
import type { StorageHealthStatus, VolumeHealth, VolumeHealthStatus } from '../../../domain/health.ts';
import type { LocalFileStore } from '../../../filestore/file-store.ts';
import type { StoreEntry } from '../../../filestore/store-directory.ts';
import { isErrno } from '../../../host/errno.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import type { NodeHealthOptions } from '../../backend.ts';
import { describePool, findStoreOfObject } from '../stores.ts';
import { getAppearance, isStopped } from './appearance.ts';
import type { FileNodeContext } from './context.ts';
import type { LocalVolume } from './locate.ts';
import { getVolume } from './locate.ts';
import { findMountAt } from './mount-table.ts';
import { findCanonicalPath } from './paths.ts';

/**
 * CSI NodeGetVolumeHealth: what the store knows of the volume, what ails its pool, and what its mounts show. May be asked for a volume that
 * was never staged: a missing stage is no fault, a missing publish is. A volume of a pool that is away is inaccessible, which is an answer and no error.
 */
export async function getVolumeHealth(
  context: FileNodeContext,
  options: NodeHealthOptions,
  signal: AbortSignal,
): Promise<VolumeHealth> {
  const { volumeId } = options;
  try {
    const statuses = [
      ...(await listStoreStatuses(context, volumeId, signal)),
      ...(await listMountStatuses(context, options, signal)),
    ];
    return { volumeId, statuses };
  } catch (error) {
    if (!isDriverError(error, 'POOL_UNAVAILABLE')) throw error;
    return {
      volumeId,
      statuses: [{ status: 'INACCESSIBLE', reason: 'PoolUnavailable', message: error.message }],
    };
  }
}

/** CSI NodeGetStorageHealth: of all pools of this node, those first that cannot be reached. */
export async function getStorageHealth(
  { stores }: Pick<FileNodeContext, 'stores'>,
  signal: AbortSignal,
): Promise<readonly StorageHealthStatus[]> {
  const statuses = await Promise.all(
    stores.list().map(async (entry) => await getPoolStatuses(entry, signal)),
  );
  return statuses.flat();
}

async function getPoolStatuses(
  entry: StoreEntry<LocalFileStore>,
  signal: AbortSignal,
): Promise<readonly StorageHealthStatus[]> {
  if (!('store' in entry.state)) return [unreachable(entry, entry.state.unavailable)];
  try {
    return await entry.state.store.getHealth(signal);
  } catch (error) {
    if (isDriverError(error, 'POOL_UNAVAILABLE')) return [unreachable(entry, error.message)];
    throw error;
  }
}

function unreachable(entry: StoreEntry, reason: string): StorageHealthStatus {
  return {
    status: 'UNREACHABLE',
    reason: 'PoolUnavailable',
    message: `The ${describePool(entry)} is not available: ${reason}`,
  };
}

/** The volume's own troubles and those of its pool, which are the volume's too. */
async function listStoreStatuses(
  { stores }: FileNodeContext,
  volumeId: string,
  signal: AbortSignal,
): Promise<readonly VolumeHealthStatus[]> {
  const open = findStoreOfObject(stores, { kind: 'volume', id: volumeId });
  if (open === undefined) {
    throw new DriverError('VOLUME_NOT_FOUND', 'There is no volume of the given id on this node.');
  }
  const own = await open.store.getVolumeHealth({ id: volumeId }, signal);
  const pool = await open.store.getHealth(signal);
  const known = new Set(own.map(({ reason }) => reason));
  return [
    ...own,
    ...pool
      .filter(({ reason }) => !known.has(reason))
      .map(
        ({ status, reason, message }): VolumeHealthStatus => ({
          status: status === 'UNREACHABLE' ? 'INACCESSIBLE' : 'DEGRADED',
          reason,
          message,
        }),
      ),
  ];
}

async function listMountStatuses(
  context: FileNodeContext,
  options: NodeHealthOptions,
  signal: AbortSignal,
): Promise<readonly VolumeHealthStatus[]> {
  const volume = await findUsableVolume(context, options.volumeId, signal);
  if (volume === undefined) return [];
  const table = await context.mounts.list(signal);
  const { isOurs } = await getAppearance(context, volume, table, signal);
  const statuses: VolumeHealthStatus[] = [];
  const path = options.publishPath === undefined ? undefined : await findCanonicalPath(options.publishPath);
  const published = path === undefined ? undefined : findMountAt(table, path);
  if (options.publishPath !== undefined && (published === undefined || !isOurs(published))) {
    statuses.push({
      status: 'INACCESSIBLE',
      reason: 'NotMounted',
      message: `Volume ${options.volumeId} is not mounted at ${options.publishPath}, where it should be. Restart the pod.`,
    });
  }
  const isFileSystem = volume.record.kept.layout === 'image' && volume.record.kept.accessType === 'mount';
  // What another mount hides is not what its path leads to.
  const mounted = table.find(
    (entry) => isFileSystem && isOurs(entry) && findMountAt(table, entry.mountPoint) === entry,
  );
  if (mounted !== undefined) statuses.push(...(await examine(context, options.volumeId, mounted, signal)));
  return statuses;
}

/** Missing data is the store's to report. */
async function findUsableVolume(
  context: FileNodeContext,
  volumeId: string,
  signal: AbortSignal,
): Promise<LocalVolume | undefined> {
  try {
    return await getVolume(context, volumeId, signal);
  } catch (error) {
    if (isDriverError(error, 'PRECONDITION_FAILED')) return undefined;
    throw error;
  }
}

async function examine(
  { syscalls }: FileNodeContext,
  volumeId: string,
  mounted: MountEntry,
  signal: AbortSignal,
): Promise<readonly VolumeHealthStatus[]> {
  const hint =
    'Stop its pods, so that it is checked when it is staged the next time, and look into the kernel log.';
  if (isStopped(mounted)) {
    const message = `The file system of volume ${volumeId} has become read-only after an error. ${hint}`;
    return [{ status: 'INACCESSIBLE', reason: 'FileSystemReadOnly', message }];
  }
  try {
    await syscalls.statfs({ path: mounted.mountPoint }, signal);
    return [];
  } catch (error) {
    if (!isErrno(error, 'EIO', 'EUCLEAN', 'ESHUTDOWN')) throw error;
    const message = `The file system of volume ${volumeId} does not answer: ${error instanceof Error ? error.message : ''}. ${hint}`;
    return [{ status: 'INACCESSIBLE', reason: 'FileSystemError', message }];
  }
}
