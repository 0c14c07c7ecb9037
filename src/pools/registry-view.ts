import { isReleased } from './instance-rules.ts';
import type { BuryRequest, PoolInstance, PoolRegistry } from './registry.ts';
import type { ReleasedPools } from './released-pools.ts';

/**
 * The registry as it was last read: for answers that cannot wait. What it says may be some seconds old, which is safe: a pool that was given up
 * meanwhile is out of reach a little longer, and one that came back is asked of the registry itself before anything is buried there.
 */
export class RegistryView implements ReleasedPools {
  readonly #registry: PoolRegistry;
  #instances: readonly PoolInstance[] = [];

  constructor(registry: PoolRegistry) {
    this.#registry = registry;
  }

  /** Everything that is registered. Empty before it was first read, which has to be awaited before anything is answered. */
  get instances(): readonly PoolInstance[] {
    return this.#instances;
  }

  /** Reads the registry. Throws POOL_UNAVAILABLE; then everything stays as it was. */
  async refresh(signal: AbortSignal): Promise<readonly PoolInstance[]> {
    this.#instances = await this.#registry.list(signal);
    return this.#instances;
  }

  find(poolId: string): PoolInstance | undefined {
    return this.#instances.find((instance) => instance.poolId === poolId);
  }

  isReleased(poolId: string): boolean {
    const instance = this.find(poolId);
    return instance !== undefined && isReleased(instance);
  }

  async bury(object: BuryRequest, signal: AbortSignal): Promise<boolean> {
    return await this.#registry.bury(object, signal);
  }
}
