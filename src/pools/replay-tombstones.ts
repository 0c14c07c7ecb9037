import { DriverError, isDriverError } from '../domain/errors.ts';
import { parseObjectId } from '../domain/ids.ts';
import type { FileStore } from '../filestore/file-store.ts';
import type { Logger } from '../observability/logger.ts';
import type { PoolRegistry, Tombstone } from './registry.ts';

/** How many deletions are under way at once. */
const LANES = 8;

export interface ReplayDeps {
  readonly registry: Pick<PoolRegistry, 'removeTombstone'>;
  readonly store: FileStore;
  readonly logger: Logger;
}

/**
 * Deletes what the tombstones name from a pool that has come back, and each tombstone once that is done. Idempotent. Returns those that
 * have to wait, because their volume is still in use there. Throws what keeps the others from being carried out, once all of those under way have ended.
 */
export async function replayTombstones(
  deps: ReplayDeps,
  tombstones: readonly Tombstone[],
  signal: AbortSignal,
): Promise<readonly Tombstone[]> {
  const queue = [...tombstones];
  const waiting: Tombstone[] = [];
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        signal.throwIfAborted();
        if (!(await carryOut(deps, next, signal))) waiting.push(next);
      } catch (error) {
        queue.length = 0;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: LANES }, work));
  const failed = lanes.find((lane) => lane.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return waiting;
}

/** False when it has to wait. */
async function carryOut(
  { registry, store, logger }: ReplayDeps,
  tombstone: Tombstone,
  signal: AbortSignal,
): Promise<boolean> {
  const { objectId, poolId } = tombstone;
  try {
    await deleteObject(store, objectId, signal);
  } catch (error) {
    if (!isDriverError(error, 'VOLUME_IN_USE') && !isDriverError(error, 'OPERATION_PENDING')) throw error;
    logger.warn('What was deleted while its node was away cannot be removed yet', { objectId, err: error });
    return false;
  }
  await registry.removeTombstone({ poolId, objectId }, signal);
  logger.info('What was deleted while its node was away is removed', { poolId, objectId });
  return true;
}

async function deleteObject(store: FileStore, id: string, signal: AbortSignal): Promise<void> {
  const parsed = parseObjectId(id);
  if (parsed?.poolId !== store.poolId) {
    throw new DriverError('INTERNAL', `The tombstone of ${id} is not for pool ${store.poolId}.`);
  }
  await (parsed.kind === 'volume'
    ? store.deleteVolume({ id }, signal)
    : store.deleteSnapshot({ id }, signal));
}
