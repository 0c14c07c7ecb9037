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

/** Why a pool's store cannot be used now. What the pool holds is unknown, unless it is new. */
export interface Unavailable {
  /** A sentence that says what to do. */
  readonly unavailable: string;
  /** Nothing can be in it: the registry has been read, and never knew this pool. */
  readonly isNew?: boolean;
  /** It is just being opened, or will be in a moment: it is worth waiting for, also when it is new. */
  readonly isOpening?: boolean;
}

/** The stores that there are. Its entries change while the program runs: ask again each time. */
export interface StoreDirectory<S extends FileStore = FileStore> {
  list(): readonly StoreEntry<S>[];
  /**
   * Pools that were open on a node once and that nobody configures any more, none of them open. Nothing is placed, listed or measured there, but
   * what they hold is out of reach rather than gone. A directory may have none to tell of.
   */
  listFormer?(): readonly StoreEntry<S>[];
}
