import { DriverError, isDriverError } from '../../domain/errors.ts';
import type { CreateVolumeRequest } from '../../filestore/file-store.ts';
import type { VolumeRecord } from '../../filestore/records.ts';
import type { StoreEntry } from '../../filestore/store-directory.ts';
import type { Located } from '../file/controller/lookup.ts';
import { describePool, getOpenStore } from '../file/stores.ts';

/**
 * Makes the volume at the first of the places that has room. Passed over are only places that answer that they have none, and those where no
 * volume can be waiting, since they were never registered. Throws POOL_UNAVAILABLE for one that does not answer, and NO_ROOM when none is left.
 */
export async function createInFirst(
  places: readonly StoreEntry[],
  toRequest: (place: StoreEntry) => CreateVolumeRequest,
  signal: AbortSignal,
): Promise<Located<VolumeRecord>> {
  const refusals: string[] = [];
  let cause: unknown;
  for (const entry of places) {
    const { state } = entry;
    if ('unavailable' in state && state.isNew === true && state.isOpening !== true) {
      refusals.push(`The ${describePool(entry)} is not available: ${state.unavailable}`);
      continue;
    }
    const store = getOpenStore(entry);
    try {
      return { record: await store.createVolume(toRequest(entry), signal), entry, store };
    } catch (error) {
      if (!isDriverError(error, 'NO_ROOM')) throw error;
      refusals.push(error.message);
      cause ??= error;
    }
  }
  throw new DriverError('NO_ROOM', refusals.join(' '), { cause });
}
