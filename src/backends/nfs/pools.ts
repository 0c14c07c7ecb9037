import { quote } from '../../base/quote.ts';
import { DriverError } from '../../domain/errors.ts';
import type { StoreEntry } from '../../filestore/store-directory.ts';

/** The pool that is meant. Throws INVALID_ARGUMENT when none is named and there is not exactly one, and NO_ROOM when nobody offers it. */
export function getPoolEntry(entries: readonly StoreEntry[], asked: string | undefined): StoreEntry {
  const names = entries.map(({ poolName }) => poolName).sort();
  if (asked === undefined && entries.length !== 1) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      names.length === 0
        ? 'Parameter "pool" is missing, and no agent offers a pool. Configure one under drivers.nfs.pools, and see whether its agent runs.'
        : `Parameter "pool" is missing, and there are several pools: ${names.join(', ')}. Name one in the StorageClass.`,
    );
  }
  const found = asked === undefined ? entries[0] : entries.find(({ poolName }) => poolName === asked);
  if (found !== undefined) return found;
  throw new DriverError(
    'NO_ROOM',
    `No agent offers a pool named ${quote(asked ?? '')}. The pools are: ${names.join(', ') || 'none'}. Configure it under drivers.nfs.pools, and see whether its agent runs.`,
  );
}
