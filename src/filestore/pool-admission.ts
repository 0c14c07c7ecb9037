/** A place of a node of which nobody there can say whether it is a new pool, or one whose disk is not mounted. */
export interface AwaitingPool {
  readonly poolName: string;
}

/** What the cluster's registry knows of such a place. */
export interface AdmitPoolRequest {
  readonly poolName: string;
  /** The id that the pool has to have; undefined admits a new one. */
  readonly knownPoolId: string | undefined;
  /** The cluster that a new pool belongs to. */
  readonly clusterId: string;
}

/** How a node is told to open pools that it does not know by itself. The registry of the cluster decides; the node has none. */
export interface PoolAdmission {
  /** The pools that wait, as it stands now. */
  list(): readonly AwaitingPool[];
  /**
   * Opens the pool, now or as soon as its place can be used. Again is fine, and so is a pool that does not wait (any more). Throws PRECONDITION_FAILED when it is
   * open with another id, INVALID_ARGUMENT for a name that is not configured on this node.
   */
  admit(request: AdmitPoolRequest, signal: AbortSignal): Promise<void>;
}
