/** One place of a pool: a directory on one node. */
export interface PoolInstance {
  readonly poolName: string;
  readonly nodeName: string;
  /** Eight characters, made when the place was first initialised, and kept on the storage itself. */
  readonly poolId: string;
  readonly firstSeen: Date;
  readonly lastSeen: Date;
}

/** What names an instance. */
export interface PoolInstanceKey {
  readonly poolName: string;
  readonly nodeName: string;
}

/**
 * The durable list of pool instances that were ever opened: what makes an empty directory where a pool should be a disk that
 * is not mounted, rather than a new pool.
 */
export interface PoolRegistry {
  /** Undefined only when the registry was read and does not have it. Throws when it cannot be read. */
  find(key: PoolInstanceKey): Promise<PoolInstance | undefined>;
  /** All instances, in no order. */
  list(): Promise<readonly PoolInstance[]>;
  /** Notes that the instance has been seen now; durable when this returns. Idempotent. Throws PRECONDITION_FAILED when it is registered with another pool id. */
  record(seen: PoolInstanceKey & { readonly poolId: string }): Promise<PoolInstance>;
}
