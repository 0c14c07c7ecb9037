import { DriverError } from '../../domain/errors.ts';
import type { ObjectId } from '../../domain/ids.ts';
import { parseObjectId } from '../../domain/ids.ts';
import type { FileStore } from '../../filestore/file-store.ts';
import type { StoreDirectory, StoreEntry } from '../../filestore/store-directory.ts';

/** How many stores are asked at once. With agents each is a call to another machine. */
export const STORES_AT_ONCE = 32;

/** An open store with the entry that it belongs to. */
export interface OpenStore<S extends FileStore = FileStore> {
  readonly entry: StoreEntry<S>;
  readonly store: S;
}

/** `pool fast on node a`, for messages. */
export function describePool(entry: Pick<StoreEntry, 'poolName' | 'nodeName'>): string {
  return `pool ${entry.poolName} on node ${entry.nodeName}`;
}

/** The entry's store. Throws POOL_UNAVAILABLE with the reason when it is not open. */
export function getOpenStore<S extends FileStore>(entry: StoreEntry<S>): S {
  if ('store' in entry.state) return entry.state.store;
  throw new DriverError(
    'POOL_UNAVAILABLE',
    `The ${describePool(entry)} is not available: ${entry.state.unavailable}`,
    { details: { pool: entry.poolName, poolId: entry.poolId } },
  );
}

/** Parses an id of the asked kind; undefined for whatever this project did not make. */
export function findObjectId(kind: ObjectId['kind'], id: string): ObjectId | undefined {
  const parsed = parseObjectId(id);
  return parsed?.kind === kind ? parsed : undefined;
}

/**
 * The store whose pool has this id; undefined when the pool is unknown here. Throws POOL_UNAVAILABLE when it is known but not
 * to be reached or not configured any more, and also when a pool that was never opened might be the one: unknown is not the same as absent.
 */
function findStoreOf<S extends FileStore>(
  stores: StoreDirectory<S>,
  poolId: string,
): OpenStore<S> | undefined {
  const entries = stores.list();
  const entry = entries.find((candidate) => candidate.poolId === poolId);
  if (entry !== undefined) return { entry, store: getOpenStore(entry) };
  const former = stores.listFormer?.().find((candidate) => candidate.poolId === poolId);
  if (former !== undefined) getOpenStore(former);
  const unidentified = entries.find(
    ({ poolId: id, state }) => id === undefined && 'unavailable' in state && state.isNew !== true,
  );
  if (unidentified !== undefined) getOpenStore(unidentified);
  return undefined;
}

/** The store that holds the object with this id; undefined when the id is malformed, of another kind or of an unknown pool. */
export function findStoreOfObject<S extends FileStore>(
  stores: StoreDirectory<S>,
  object: { readonly kind: ObjectId['kind']; readonly id: string },
): OpenStore<S> | undefined {
  const parsed = findObjectId(object.kind, object.id);
  return parsed === undefined ? undefined : findStoreOf(stores, parsed.poolId);
}

/**
 * All stores, ordered by pool id. Throws POOL_UNAVAILABLE when one is not open: what it holds must not look as if it were gone. Left out are
 * pools that hold nothing yet.
 */
export function listOpenStores<S extends FileStore>(stores: StoreDirectory<S>): readonly OpenStore<S>[] {
  return stores
    .list()
    .filter(({ state }) => 'store' in state || state.isNew !== true)
    .map((entry) => ({ entry, store: getOpenStore(entry) }))
    .sort((a, b) => (a.store.poolId < b.store.poolId ? -1 : 1));
}
