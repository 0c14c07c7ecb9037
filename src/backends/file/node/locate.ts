import { realpath } from 'node:fs/promises';
import { quote } from '../../../base/quote.ts';
import { DriverError, isDriverError } from '../../../domain/errors.ts';
import type { LocalFileStore } from '../../../filestore/file-store.ts';
import type { VolumeRecord } from '../../../filestore/records.ts';
import { isErrno } from '../../../host/errno.ts';
import { findStoreOfObject } from '../stores.ts';
import type { FileNodeContext } from './context.ts';

/** A volume of this node. */
export interface LocalVolume {
  readonly store: LocalFileStore;
  readonly record: VolumeRecord;
  /** The tree or the image, without symbolic links, as mountinfo has it. */
  readonly path: string;
}

/** Finds a volume. Throws VOLUME_NOT_FOUND, POOL_UNAVAILABLE, and PRECONDITION_FAILED when its data is missing. */
export async function getVolume(
  { stores }: Pick<FileNodeContext, 'stores'>,
  volumeId: string,
  signal: AbortSignal,
): Promise<LocalVolume> {
  const open = findStoreOfObject(stores, { kind: 'volume', id: volumeId });
  if (open === undefined) {
    throw new DriverError('VOLUME_NOT_FOUND', `There is no volume ${quote(volumeId)} on this node.`);
  }
  const { record, path } = await open.store.locate({ id: volumeId }, signal);
  return { store: open.store, record, path: await resolveData(record, path) };
}

/**
 * Finds a volume for taking it down. Undefined when it is gone, or when its pool is not to be reached now: what is mounted has to be
 * unmounted even then.
 */
export async function findVolumeToRelease(
  context: Pick<FileNodeContext, 'stores' | 'logger'>,
  volumeId: string,
  signal: AbortSignal,
): Promise<LocalVolume | undefined> {
  try {
    return await getVolume(context, volumeId, signal);
  } catch (error) {
    if (isDriverError(error, 'VOLUME_NOT_FOUND')) return undefined;
    if (!isDriverError(error, 'POOL_UNAVAILABLE') && !isDriverError(error, 'PRECONDITION_FAILED'))
      throw error;
    context.logger.warn('A volume is taken down without its record', { volumeId, err: error });
    return undefined;
  }
}

async function resolveData(record: VolumeRecord, path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
    throw new DriverError(
      'PRECONDITION_FAILED',
      `The data of volume ${record.id} is missing: there is no ${path}. Restore it from a snapshot or a backup, or delete the volume.`,
      { cause: error },
    );
  }
}
