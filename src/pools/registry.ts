import type { StoreRoom } from '../filestore/file-store.ts';

/** What names a place of a pool. Of all instances that were ever at one place, at most one is held: see {@link PoolInstance.release}. */
export interface PoolInstanceKey {
  /** CSI name of the driver that the pool belongs to. */
  readonly driver: string;
  readonly poolName: string;
  readonly nodeName: string;
}

/** What becomes of a pool whose node stays away: wait for it without end, or give up what it holds after so long. */
export type NodeLossPolicy =
  | { readonly action: 'keep' }
  | { readonly action: 'release'; readonly afterSeconds: number };

/** What a node last said of a pool; `silent` when it says nothing any more. */
export type PoolCondition = 'open' | 'unavailable' | 'silent';

/** That a pool was given up: its volumes count as gone, may be deleted by tombstones, and new ones are made elsewhere. */
export interface PoolRelease {
  readonly at: Date;
  /** By its policy, after a long silence, or by an operator, who said that it is gone for good: then a new pool may be made at its place. */
  readonly by: 'policy' | 'operator';
  /** It has come back: tombstones are being carried out, none are taken any more, and nothing else is done there yet. */
  readonly isReturning: boolean;
}

/** One place of a pool: a directory on one node. */
export interface PoolInstance extends PoolInstanceKey {
  /** Eight characters, made when the place was first initialised, and kept on the storage itself. */
  readonly poolId: string;
  readonly onNodeLoss: NodeLossPolicy;
  readonly firstSeen: Date;
  /** Up to a minute behind. */
  readonly lastSeen: Date;
  readonly condition: PoolCondition;
  /** As it was when it was last seen open. */
  readonly room: StoreRoom | undefined;
  /** Undefined while the pool is held: what it has counts as being there, also while it is out of reach. */
  readonly release: PoolRelease | undefined;
}

/** What a node says of one of its pools. */
export interface SeenPool extends PoolInstanceKey {
  readonly poolId: string;
  readonly onNodeLoss: NodeLossPolicy;
  readonly condition: 'open' | 'unavailable';
  readonly room: StoreRoom | undefined;
}

/** That an object of a released pool was deleted: to be carried out there if the pool ever comes back. */
export interface Tombstone {
  readonly poolId: string;
  /** Id of a volume or snapshot. */
  readonly objectId: string;
  readonly at: Date;
}

/**
 * The durable list of pool instances that were ever opened: what makes an empty directory where a pool should be a disk that
 * is not mounted, rather than a new pool, and a silent node's volumes something out of reach, rather than gone.
 *
 * Homes: files of a state directory, and custom resources of Kubernetes. One contract suite (test/contract/pool-registry.ts) holds for all.
 * Several programs may use one registry at once: each change is made to what is there at that moment, or made again. All changes are
 * durable when they return, and idempotent. Everything throws POOL_UNAVAILABLE when the registry cannot be read or written: then nothing is
 * known, and nothing may be concluded.
 */
export interface PoolRegistry {
  /** Throws when it is clear without a write that none could be made, for want of rights for instance; a registry that cannot tell says nothing. Cheap. */
  check(signal: AbortSignal): Promise<void>;
  /**
   * The instance at a place: the one that is held, or one that was released by its policy, since its disk may only not be mounted. Undefined
   * only when the registry was read and knows none, or only such as an operator has given up.
   */
  find(key: PoolInstanceKey, signal: AbortSignal): Promise<PoolInstance | undefined>;
  findById(poolId: string, signal: AbortSignal): Promise<PoolInstance | undefined>;
  /** All instances, released ones included, in no order. */
  list(signal: AbortSignal): Promise<readonly PoolInstance[]>;
  /**
   * Notes what a node says of a pool now. Written when it says something new, otherwise at most once a minute. A pool may be renamed on its node; one
   * that was released may show up elsewhere, and is then registered there. It stays released: {@link startReturn} is another step. Throws
   * PRECONDITION_FAILED when the place is held by a pool with another id, or the id by another node: a copy, or a disk that was moved without a word.
   */
  record(seen: SeenPool, signal: AbortSignal): Promise<PoolInstance>;
  /** Notes that the pool's node says nothing any more. Unknown and released pools are left as they are. */
  noteSilence(poolId: string, signal: AbortSignal): Promise<void>;
  /** Gives the pool up; one that is returning, too. An operator's word outweighs the policy's, never the other way round. Throws INVALID_ARGUMENT for an id that is not registered. */
  release(request: ReleaseRequest, signal: AbortSignal): Promise<PoolInstance>;
  /** The pool is there again: from now on it takes no tombstones. Those that it has are to be carried out before {@link finishReturn}. */
  startReturn(poolId: string, signal: AbortSignal): Promise<void>;
  /** The pool is held again. Does nothing when it was released anew since {@link startReturn}. */
  finishReturn(poolId: string, signal: AbortSignal): Promise<void>;
  /**
   * Writes a tombstone if the pool is released. True when it is durable and was written before the pool began to return, so that it will
   * be carried out before the pool is used. False when the pool is not released (any more), or not known: nothing can be said of the object then.
   */
  bury(object: BuryRequest, signal: AbortSignal): Promise<boolean>;
  /** Of one pool, or of all; in no order. */
  listTombstones(poolId: string | undefined, signal: AbortSignal): Promise<readonly Tombstone[]>;
  /** Those that are gone already are fine. */
  removeTombstone(tombstone: BuryRequest, signal: AbortSignal): Promise<void>;
}

/** Which pool is given up, and by whom. */
export interface ReleaseRequest {
  readonly poolId: string;
  readonly by: PoolRelease['by'];
}

/** An object of a pool that is to be gone. */
export type BuryRequest = Omit<Tombstone, 'at'>;
