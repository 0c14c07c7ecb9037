import { mapParallel } from '../../base/parallel.ts';
import type { Capacity } from '../../domain/capacity.ts';
import { isDriverError } from '../../domain/errors.ts';
import type { StoreDirectory, StoreEntry } from '../../filestore/store-directory.ts';
import type { CapacityFacet, CapacityOptions } from '../backend.ts';
import { bounded } from '../file/bounded.ts';
import { findImageFlag, parseVolumeUse } from '../file/controller/capabilities.ts';
import { MINIMUM_IMAGE_BYTES } from '../file/controller/minimum-sizes.ts';
import { STORES_AT_ONCE } from '../file/stores.ts';
import { parseParameters } from '../parameters.ts';
import { HostpathParameters } from './parameters.ts';
import { isNodeIn } from './topology.ts';

/**
 * CSI GetCapacity: room in the asked pool (without one: in all) at the asked place. A place without the pool, and a pool that cannot
 * be reached now, have room for nothing.
 */
export function createHostpathCapacity(stores: StoreDirectory): CapacityFacet {
  return {
    async getCapacity(options, signal) {
      return await bounded(
        'Measuring the pools',
        signal,
        async (own) => await getCapacity(stores, options, own),
      );
    },
  };
}

async function getCapacity(
  stores: StoreDirectory,
  options: CapacityOptions,
  signal: AbortSignal,
): Promise<Capacity> {
  const { parameters, fsType } = parseParameters(HostpathParameters, options.parameters);
  const entries = stores
    .list()
    .filter(
      (entry) =>
        (parameters.pool === undefined || entry.poolName === parameters.pool) &&
        isNodeIn(options.topology ?? {}, entry.nodeName),
    );
  const rooms = await mapParallel(entries, STORES_AT_ONCE, async (entry) => await measure(entry, signal));
  const use = parseVolumeUse(options.capabilities);
  const mayBeDirectory =
    parameters.layout !== 'image' &&
    parameters.isolation !== 'strict' &&
    findImageFlag(options.capabilities) === undefined &&
    (parameters.layout === 'directory' || entries.some(canLimitDirectories));
  return {
    availableBytes: rooms.reduce((sum, room) => sum + room, 0),
    maximumVolumeBytes: Math.max(0, ...rooms),
    minimumVolumeBytes:
      use.accessType === 'block' || mayBeDirectory
        ? undefined
        : MINIMUM_IMAGE_BYTES[use.fsType ?? fsType ?? 'ext4'],
  };
}

function canLimitDirectories({ state }: StoreEntry): boolean {
  return 'store' in state && state.store.abilities.quotaIsHard;
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
