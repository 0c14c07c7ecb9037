import { quote } from '../../../base/quote.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { SnapshotRecord, VolumeRecord } from '../../../filestore/records.ts';
import type { StoreDirectory } from '../../../filestore/store-directory.ts';
import type { OpenStore } from '../stores.ts';
import { findStoreOfObject } from '../stores.ts';

/** A record with the store that holds it. */
export interface Located<R> extends OpenStore {
  readonly record: R;
}

/** Finds a volume by its id. Throws POOL_UNAVAILABLE when its pool is not to be reached. */
export async function findVolume(
  stores: StoreDirectory,
  id: string,
  signal: AbortSignal,
): Promise<Located<VolumeRecord> | undefined> {
  const open = findStoreOfObject(stores, { kind: 'volume', id });
  const record = await open?.store.findVolume({ id }, signal);
  return open === undefined || record === undefined ? undefined : { ...open, record };
}

/** Like {@link findVolume}, but throws VOLUME_NOT_FOUND. */
export async function getVolume(
  stores: StoreDirectory,
  id: string,
  signal: AbortSignal,
): Promise<Located<VolumeRecord>> {
  const found = await findVolume(stores, id, signal);
  if (found === undefined) throw volumeNotFound(id);
  return found;
}

/** Finds a snapshot by its id. Throws POOL_UNAVAILABLE when its pool is not to be reached. */
export async function findSnapshot(
  stores: StoreDirectory,
  id: string,
  signal: AbortSignal,
): Promise<Located<SnapshotRecord> | undefined> {
  const open = findStoreOfObject(stores, { kind: 'snapshot', id });
  const record = await open?.store.findSnapshot({ id }, signal);
  return open === undefined || record === undefined ? undefined : { ...open, record };
}

/** Like {@link findSnapshot}, but throws SNAPSHOT_NOT_FOUND. */
export async function getSnapshot(
  stores: StoreDirectory,
  id: string,
  signal: AbortSignal,
): Promise<Located<SnapshotRecord>> {
  const found = await findSnapshot(stores, id, signal);
  if (found === undefined) throw snapshotNotFound(id);
  return found;
}

/** The error for a volume id that nothing belongs to. */
export function volumeNotFound(id: string): DriverError {
  return new DriverError('VOLUME_NOT_FOUND', `There is no volume ${quote(id)} in the pools of this driver.`);
}

/** The error for a snapshot id that nothing belongs to. */
export function snapshotNotFound(id: string): DriverError {
  return new DriverError(
    'SNAPSHOT_NOT_FOUND',
    `There is no snapshot ${quote(id)} in the pools of this driver.`,
  );
}
