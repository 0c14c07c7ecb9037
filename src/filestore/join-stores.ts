import type { FileStore } from './file-store.ts';
import type { StoreDirectory, StoreEntry } from './store-directory.ts';

/**
 * The stores of several directories as one; all of them are asked each time. An id that two of them show open is that of a copied disk: nobody can say which of the two
 * an object is on, so neither is used. What a directory throws is thrown: nothing can be said without it.
 */
export function joinStores<S extends FileStore>(
  listDirectories: () => readonly StoreDirectory<S>[],
): Required<StoreDirectory<S>> {
  return {
    list() {
      const [only, ...others] = listDirectories();
      if (only === undefined) return [];
      if (others.length === 0) return only.list();
      return withholdTwins([only, ...others].map((directory) => directory.list()));
    },
    listFormer: () => listDirectories().flatMap((directory) => directory.listFormer?.() ?? []),
  };
}

/** What one directory lists twice is its own matter. */
function withholdTwins<S extends FileStore>(
  lists: readonly (readonly StoreEntry<S>[])[],
): readonly StoreEntry<S>[] {
  const seen = new Set<string>();
  const twins = new Set<string>();
  for (const list of lists) {
    const open = new Set(list.flatMap(({ poolId, state }) => ('store' in state ? [poolId] : [])));
    for (const poolId of open) {
      if (poolId === undefined) continue;
      if (seen.has(poolId)) twins.add(poolId);
      seen.add(poolId);
    }
  }
  return lists.flat().map((entry) => {
    const { poolId, state } = entry;
    if (poolId === undefined || !('store' in state) || !twins.has(poolId)) return entry;
    const unavailable = `Pools of two drivers have the same id ${poolId}, so one is a copy of the other, and neither is used. Remove the copy from the configuration, or wipe it.`;
    return { ...entry, state: { unavailable } };
  });
}
