import type { StoreRoom } from '../filestore/file-store.ts';

/** One pool of a node, as the node sees it now. */
export interface ReportedPool {
  readonly name: string;
  /** Undefined before it was ever opened. */
  readonly poolId: string | undefined;
  /** CSI name of the driver that it belongs to. */
  readonly driver: string;
  readonly state:
    | { readonly kind: 'open'; readonly room: StoreRoom | undefined }
    | { readonly kind: 'unavailable' }
    /** The node cannot tell whether it is new: see {@link PoolReports.admit}. */
    | { readonly kind: 'awaiting' };
  readonly settings: {
    /** After so long a silence of its node the pool is given up. Undefined keeps it for ever. */
    readonly releaseAfterSeconds: number | undefined;
  };
}

/** What a node says of its pools. */
export interface NodeReport {
  readonly nodeName: string;
  readonly pools: readonly ReportedPool[];
}

/** What the nodes say of their pools. In a cluster their agents are asked, in all-in-one it is the program's own node. */
export interface PoolReports {
  /** The last word of each node that answers. One that does not answer any more is not in the list. */
  list(): readonly NodeReport[];
  /** The listener is told, at least, when a node begins or ends to answer and when a pool changes its state. */
  onChange(listener: () => void): Disposable;
  /**
   * Tells a node under which id it may open a pool that awaits that; without an id as a new one. Idempotent. Throws PRECONDITION_FAILED when the pool
   * is open with another id, or belongs to another cluster.
   */
  admit(request: PoolAdmittance, signal: AbortSignal): Promise<void>;
}

/** That a pool may be opened. */
export interface PoolAdmittance {
  /** CSI name of the driver that it belongs to. */
  readonly driver: string;
  readonly nodeName: string;
  readonly poolName: string;
  /** What the registry knows; undefined admits a new pool. */
  readonly knownPoolId: string | undefined;
  /** The cluster that a new pool belongs to. */
  readonly clusterId: string;
}
