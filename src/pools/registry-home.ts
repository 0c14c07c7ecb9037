import type { BuryRequest, PoolInstance, Tombstone } from './registry.ts';

/** An instance as a home keeps it, with what tells it from the same one changed by somebody else. */
export interface KeptInstance {
  readonly instance: PoolInstance;
  /** Opaque. */
  readonly version: string;
}

/**
 * Where a registry keeps what it knows: instances that are replaced only by whoever has seen their last version, and tombstones, each for
 * itself. What it means is decided once, in create-registry.ts. Everything is durable when it returns, and throws POOL_UNAVAILABLE when the home cannot be
 * read or written; what was written may then be there all the same.
 */
export interface RegistryHome {
  /** Throws when it is clear without a write that none could be made. Cheap. */
  check(signal: AbortSignal): Promise<void>;
  list(signal: AbortSignal): Promise<readonly KeptInstance[]>;
  find(poolId: string, signal: AbortSignal): Promise<KeptInstance | undefined>;
  /** False when there is one with this id already. */
  create(instance: PoolInstance, signal: AbortSignal): Promise<boolean>;
  /** False when the instance has been changed since it was read. */
  replace(before: KeptInstance, next: PoolInstance, signal: AbortSignal): Promise<boolean>;
  /** One that exists already is left as it is. */
  addTombstone(tombstone: Tombstone, signal: AbortSignal): Promise<void>;
  listTombstones(poolId: string | undefined, signal: AbortSignal): Promise<readonly Tombstone[]>;
  removeTombstone(tombstone: BuryRequest, signal: AbortSignal): Promise<void>;
}
