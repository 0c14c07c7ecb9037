import { quote } from '../../../base/quote.ts';
import { DriverError, isDriverError } from '../../../domain/errors.ts';
import type { StorageHealthStatus, VolumeHealth, VolumeHealthStatus } from '../../../domain/health.ts';
import type { VolumeStats } from '../../../domain/volume.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import type { NodeHealthOptions, VolumePathOptions } from '../../backend.ts';
import { findMountAt } from '../../file/node/mount-table.ts';
import { findCanonicalPath } from '../../file/node/paths.ts';
import type { NfsNodeContext } from './context.ts';
import { askPool } from './workers.ts';
import { findWorkOf, isMountOfVolume } from './volume-mounts.ts';

/** CSI NodeGetVolumeStats; contract as in backend.ts. */
export async function getStats(
  context: NfsNodeContext,
  { volumeId, volumePath }: VolumePathOptions,
  signal: AbortSignal,
): Promise<VolumeStats> {
  const mounted = await findMounted(context, { volumeId, path: volumePath }, signal);
  if (mounted === undefined) {
    throw new DriverError(
      'PATH_NOT_FOUND',
      `Volume ${volumeId} is not mounted at ${quote(volumePath)} on this node.`,
    );
  }
  const { entry, table, path } = mounted;
  const found = findWorkOf(context, entry, table);
  // What comes from a server that is not the pool's any more may never answer, and nobody else is to wait for it.
  if (found?.isCurrent !== true) {
    throw new DriverError(
      'POOL_UNAVAILABLE',
      `Volume ${volumeId} comes from a mount that is not there any more, since its server or export was replaced: restart the pods that use it.`,
    );
  }
  const order = { volumeId, path, root: found.root };
  return await askPool(found.work, 'getVolumeStats', order, signal);
}

/** CSI NodeGetVolumeHealth: what the mounts of a volume show. Not mounted is no fault. */
export async function getVolumeHealth(
  context: NfsNodeContext,
  { volumeId, publishPath, stagingPath }: NodeHealthOptions,
  signal: AbortSignal,
): Promise<VolumeHealth> {
  const mounted = await findMounted(context, { volumeId, path: publishPath ?? stagingPath }, signal);
  if (mounted === undefined) {
    return { volumeId, statuses: publishPath === undefined ? [] : [notMounted(publishPath)] };
  }
  const { entry, table, path } = mounted;
  const found = findWorkOf(context, entry, table);
  if (found?.isCurrent !== true) return { volumeId, statuses: [orphaned(path)] };
  try {
    return { volumeId, statuses: await askPool(found.work, 'examineMount', path, signal) };
  } catch (error) {
    if (!isDriverError(error, 'POOL_UNAVAILABLE')) throw error;
    return {
      volumeId,
      statuses: [{ status: 'INACCESSIBLE', reason: 'ServerSilent', message: error.message }],
    };
  }
}

/** The mount of a volume at a path, whatever the path is. */
async function findMounted(
  context: NfsNodeContext,
  asked: { readonly volumeId: string; readonly path: string | undefined },
  signal: AbortSignal,
): Promise<
  { readonly entry: MountEntry; readonly table: readonly MountEntry[]; readonly path: string } | undefined
> {
  const path = asked.path === undefined ? undefined : await findCanonicalPath(asked.path);
  if (path === undefined) return undefined;
  const table = await context.mounts.list(signal);
  const entry = findMountAt(table, path);
  const isIt = entry !== undefined && isMountOfVolume(context, asked.volumeId, { entry, table });
  return isIt ? { entry, table, path } : undefined;
}

/** CSI NodeGetStorageHealth: the pools whose servers do not answer. Asks none of them. */
export function getStorageHealth(context: NfsNodeContext): readonly StorageHealthStatus[] {
  return context.workers.list().flatMap(({ pulse }) => {
    const message = pulse.findObstacle();
    return message === undefined ? [] : [{ status: 'UNREACHABLE' as const, reason: 'ServerSilent', message }];
  });
}

function notMounted(path: string): VolumeHealthStatus {
  return {
    status: 'INACCESSIBLE',
    reason: 'NotMounted',
    message: `Nothing of the volume is mounted at ${path}. Restart the pods that use it on this node.`,
  };
}

function orphaned(path: string): VolumeHealthStatus {
  return {
    status: 'INACCESSIBLE',
    reason: 'StaleHandle',
    message: `What is mounted at ${path} comes from a server or an export that was replaced. Restart the pods that use the volume.`,
  };
}
