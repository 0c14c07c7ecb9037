import type { BuryRequest } from './registry.ts';

/** The pools that were given up, as far as those who delete things there have to know. */
export interface ReleasedPools {
  /** Whether the pool is given up, from memory: what it held counts as gone. */
  isReleased(poolId: string): boolean;
  /**
   * Notes durably that an object of a released pool is to be gone. False when the pool is not released any more, so that nothing can be said of
   * the object now. Throws POOL_UNAVAILABLE when the registry cannot be used.
   */
  bury(object: BuryRequest, signal: AbortSignal): Promise<boolean>;
  /**
   * Whether a pool with this id is registered that was not when the registry was read last: another program may have done it since. Asks the registry
   * itself. Throws POOL_UNAVAILABLE when it cannot be used.
   */
  hasMissed(poolId: string, signal: AbortSignal): Promise<boolean>;
}
