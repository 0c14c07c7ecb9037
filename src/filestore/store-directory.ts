import type { FileStore } from './file-store.ts';

/** One pool on one node, as it stands now. */
export interface StoreEntry<S extends FileStore = FileStore> {
  /** The name that StorageClasses use. */
  readonly poolName: string;
  readonly nodeName: string;
  /** Known from the registry even while the pool is not to be reached; undefined before it was ever opened. */
  readonly poolId: string | undefined;
  /** The open store, or why there is none. */
  readonly state: { readonly store: S } | Unavailable;
}

/** Why a pool's store cannot be used now. What the pool holds is unknown, unless `standing` says more. */
export interface Unavailable {
  /** A sentence that says what to do. */
  readonly unavailable: string;
  /**
   * `new`: the registry has been read and never knew this pool, so nothing can be in it. `released`: nobody waits for it any more; new
   * volumes go elsewhere, and those in it may be deleted ({@link StoreDirectory.bury}).
   */
  readonly standing?: 'new' | 'released';
}

/** The stores that there are. Its entries change while the program runs: ask again each time. */
export interface StoreDirectory<S extends FileStore = FileStore> {
  list(): readonly StoreEntry<S>[];
  /**
   * Pools that were open on a node once and that nobody configures any more, none of them open. Nothing is placed, listed or measured there, but
   * what they hold is out of reach rather than gone. A directory may have none to tell of.
   */
  listFormer?(): readonly StoreEntry<S>[];
  /**
   * Notes that a volume or snapshot of a released pool is deleted: it will be, should the pool come back. Durable when it resolves;
   * idempotent. There where pools can be released.
   */
  bury?(object: { readonly poolId: string; readonly id: string }, signal: AbortSignal): Promise<void>;
}
