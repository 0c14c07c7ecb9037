import { lstat } from 'node:fs/promises';
import { isDriverError } from '../domain/errors.ts';
import type { StorageHealthStatus, VolumeHealthStatus } from '../domain/health.ts';
import { isErrno } from '../host/errno.ts';
import { getVolumeRecord, layoutOf, locateContent } from './objects.ts';
import type { StoreContext } from './store-context.ts';

/** See FileStore.getHealth. */
export async function getPoolHealth(
  context: StoreContext,
  signal: AbortSignal,
): Promise<readonly StorageHealthStatus[]> {
  try {
    await context.presence.check();
  } catch (error) {
    if (!isDriverError(error, 'POOL_UNAVAILABLE')) throw error;
    return [{ status: 'UNREACHABLE', reason: 'PoolGone', message: error.message }];
  }
  return [...(await findSpaceTroubles(context, signal)), ...findRecordTroubles(context)];
}

/** See FileStore.getVolumeHealth. Examining puts a limit right that is not the record's, so that nobody may change the record or remove the tree meanwhile. */
export async function getVolumeHealth(
  context: StoreContext,
  id: string,
  signal: AbortSignal,
): Promise<readonly VolumeHealthStatus[]> {
  using _lock = await context.locks.acquire(`record:${id}`, signal);
  const volume = await getVolumeRecord(context, id);
  const content = {
    path: locateContent(context, volume),
    kept: volume.kept,
    capacityBytes: volume.capacityBytes,
  };
  if (!(await exists(content.path))) {
    const message = `The content of volume ${id} is missing from pool ${context.pool.name} (${content.path}). Restore it from a snapshot or backup.`;
    return [{ status: 'DATA_LOSS', reason: 'ContentMissing', message }];
  }
  const own = await layoutOf(context, volume).findTroubles(content, signal);
  return [...own, ...(await findSpaceTroubles(context, signal))];
}

async function findSpaceTroubles(
  context: StoreContext,
  signal: AbortSignal,
): Promise<{ status: 'DEGRADED'; reason: string; message: string }[]> {
  const { name, path, lowWaterPercent } = context.pool;
  const use = await context.host.syscalls.statfs({ path }, signal);
  if (use.readOnly) {
    const message = `Pool ${name} is mounted read-only: check its disk (dmesg) and mount it read-write.`;
    return [{ status: 'DEGRADED', reason: 'PoolReadOnly', message }];
  }
  const freePercent = use.totalBytes === 0 ? 0 : (use.availableBytes / use.totalBytes) * 100;
  if (freePercent >= lowWaterPercent) return [];
  const message = `Pool ${name} is nearly full: ${freePercent.toFixed(1)} % is free, less than its low-water mark of ${lowWaterPercent} %. Remove volumes or snapshots, or enlarge it.`;
  return [{ status: 'DEGRADED', reason: 'PoolNearlyFull', message }];
}

function findRecordTroubles(context: StoreContext): readonly StorageHealthStatus[] {
  const errors = [...context.volumes.unreadable, ...context.snapshots.unreadable];
  return errors.map((error) => ({
    status: 'DEGRADED',
    reason: 'RecordUnreadable',
    message: error.message,
  }));
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
