import { quote } from '../../base/quote.ts';
import { DriverError } from '../../domain/errors.ts';
import type { StoreEntry } from '../../filestore/store-directory.ts';

/** The name of the pool that is meant. Throws INVALID_ARGUMENT when none is named and there is not exactly one. */
function choosePoolName(entries: readonly StoreEntry[], asked: string | undefined): string {
  if (asked !== undefined) return asked;
  const names = listPoolNames(entries);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  throw new DriverError(
    'INVALID_ARGUMENT',
    names.length === 0
      ? 'Parameter "pool" is missing, and no node has a pool. Configure one under drivers.hostpath.pools.'
      : `Parameter "pool" is missing, and there are several pools: ${names.join(', ')}. Name one in the StorageClass.`,
  );
}

/** The pool's places among all, one per node that has it. Throws NO_ROOM when no node has it. */
export function getPoolEntries(
  entries: readonly StoreEntry[],
  asked: string | undefined,
): readonly StoreEntry[] {
  const poolName = choosePoolName(entries, asked);
  const found = entries.filter((entry) => entry.poolName === poolName);
  if (found.length > 0) return found;
  throw new DriverError(
    'NO_ROOM',
    `No node has a pool named ${quote(poolName)}. The pools are: ${listPoolNames(entries).join(', ') || 'none'}.`,
  );
}

function listPoolNames(entries: readonly StoreEntry[]): readonly string[] {
  return [...new Set(entries.map((entry) => entry.poolName))].sort();
}
