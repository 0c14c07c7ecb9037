import type { Clock } from '../base/clock.ts';
import { isReleased } from './instance-rules.ts';
import type { BuryRequest, PoolInstance, PoolRegistry } from './registry.ts';
import type { ReleasedPools } from './released-pools.ts';

/** Several times as long as it usually takes until it is read again. */
const FRESH_MS = 30_000;

/** A pool of a node. */
export interface PoolSpot {
  readonly nodeName: string;
  readonly poolName: string;
}

/**
 * The registry as it was last read: for answers that cannot wait. What it says may be some seconds old: a pool that was given up
 * meanwhile is out of reach a little longer, and before anything is buried the registry itself is asked. When it could not be read for long, nothing is taken for
 * given up: it may have come back.
 */
export class RegistryView implements ReleasedPools {
  readonly #registry: PoolRegistry;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #readAt = Number.NEGATIVE_INFINITY;
  #instances: readonly PoolInstance[] = [];
  readonly #refusals = new Map<string, string>();

  constructor(registry: PoolRegistry, clock: Pick<Clock, 'monotonic'>) {
    this.#registry = registry;
    this.#clock = clock;
  }

  /** Whether it was read so lately that what was given up then can still be taken for given up. */
  get isFresh(): boolean {
    return this.#clock.monotonic() - this.#readAt < FRESH_MS;
  }

  /** Everything that is registered. Empty before it was first read, which has to be awaited before anything is answered. */
  get instances(): readonly PoolInstance[] {
    return this.#instances;
  }

  /** Reads the registry. Throws POOL_UNAVAILABLE; then everything stays as it was. */
  async refresh(signal: AbortSignal): Promise<readonly PoolInstance[]> {
    const askedAt = this.#clock.monotonic();
    this.#instances = await this.#registry.list(signal);
    this.#readAt = askedAt;
    return this.#instances;
  }

  find(poolId: string): PoolInstance | undefined {
    return this.#instances.find((instance) => instance.poolId === poolId);
  }

  /** Why a place could not be registered or admitted the last time; undefined when it could. */
  findRefusal(place: PoolSpot): string | undefined {
    return this.#refusals.get(toKey(place));
  }

  /** Notes why a place cannot be used, or that it can. False when that was noted before. */
  noteRefusal(place: PoolSpot, sentence: string | undefined): boolean {
    const key = toKey(place);
    if (this.#refusals.get(key) === sentence) return false;
    if (sentence === undefined) this.#refusals.delete(key);
    else this.#refusals.set(key, sentence);
    return true;
  }

  isReleased(poolId: string): boolean {
    const instance = this.find(poolId);
    return instance !== undefined && isReleased(instance);
  }

  async bury(object: BuryRequest, signal: AbortSignal): Promise<boolean> {
    return await this.#registry.bury(object, signal);
  }

  async hasMissed(poolId: string, signal: AbortSignal): Promise<boolean> {
    if (this.find(poolId) !== undefined) return false;
    return (await this.#registry.findById(poolId, signal)) !== undefined;
  }
}

function toKey({ nodeName, poolName }: PoolSpot): string {
  return JSON.stringify([nodeName, poolName]);
}
