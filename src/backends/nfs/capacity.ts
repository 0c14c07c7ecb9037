import { mapParallel } from '../../base/parallel.ts';
import { isDriverError } from '../../domain/errors.ts';
import type { StoreDirectory, StoreEntry } from '../../filestore/store-directory.ts';
import type { CapacityFacet } from '../backend.ts';
import { bounded } from '../file/bounded.ts';
import { STORES_AT_ONCE } from '../file/stores.ts';
import { parseParameters } from '../parameters.ts';
import { checkNfsCapabilities } from './capabilities.ts';
import { NfsParameters } from './parameters.ts';

/** CSI GetCapacity: room in the asked pool, or in all; the same from everywhere. A pool that cannot be reached now has room for nothing. */
export function createNfsCapacity(stores: StoreDirectory): CapacityFacet {
  return {
    async getCapacity(options, signal) {
      const { parameters } = parseParameters(NfsParameters, options.parameters);
      checkNfsCapabilities(options.capabilities);
      const entries = stores
        .list()
        .filter(({ poolName }) => parameters.pool === undefined || poolName === parameters.pool);
      return await bounded('Measuring the pools', signal, async (own) => {
        const rooms = await mapParallel(entries, STORES_AT_ONCE, async (entry) => await measure(entry, own));
        return {
          availableBytes: rooms.reduce((sum, room) => sum + room, 0),
          maximumVolumeBytes: Math.max(0, ...rooms),
          minimumVolumeBytes: undefined,
        };
      });
    },
  };
}

async function measure({ state }: StoreEntry, signal: AbortSignal): Promise<number> {
  if (!('store' in state)) return 0;
  try {
    return (await state.store.getRoom(signal)).availableBytes;
  } catch (error) {
    if (isDriverError(error, 'POOL_UNAVAILABLE')) return 0;
    throw error;
  }
}
