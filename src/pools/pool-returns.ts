import type { Clock } from '../base/clock.ts';
import type { FileStore } from '../filestore/file-store.ts';
import type { StoreDirectory } from '../filestore/store-directory.ts';
import type { Logger } from '../observability/logger.ts';
import type { NodeReport, ReportedPool } from './pool-reports.ts';
import type { PoolInstance, PoolRegistry } from './registry.ts';
import type { RegistryView } from './registry-view.ts';
import { replayTombstones } from './replay-tombstones.ts';

/** How often the tombstones of pools that are back are looked for. Few are ever left: of volumes that were in use, or written in the very last moment. */
const LEFTOVERS_MS = 600_000;
/** How soon a tombstone that has to wait is tried again. */
const RETRY_MS = 60_000;

export interface PoolReturnsDeps {
  readonly driver: string;
  readonly registry: PoolRegistry;
  readonly view: RegistryView;
  readonly stores: StoreDirectory;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly logger: Logger;
}

/** What has to be done at pools that were given up and show again, one pool at a time and any number of pools at once. */
export class PoolReturns {
  readonly #deps: PoolReturnsDeps;
  readonly #underWay = new Map<string, Promise<void>>();
  /** Pools with tombstones that could not be carried out, and when they are to be tried again. */
  readonly #unfinished = new Map<string, number>();
  #leftoversAt = Number.NEGATIVE_INFINITY;

  constructor(deps: PoolReturnsDeps) {
    this.#deps = deps;
  }

  /** Begins whatever there is to do and is not under way. Returns at once. */
  take(nodes: readonly NodeReport[], signal: AbortSignal): void {
    this.#takeLeftovers(signal);
    for (const node of nodes) {
      for (const pool of node.pools) {
        const instance = this.#findReturning(node, pool);
        const store = instance === undefined ? undefined : this.#findStore(instance);
        if (instance === undefined || store === undefined) continue;
        this.#run(instance.poolId, async () => await this.#bringBack(instance, store, signal), signal);
      }
    }
  }

  /** The instance of an open pool at which there is something to do. */
  #findReturning(
    { nodeName }: NodeReport,
    { poolId, driver, state }: ReportedPool,
  ): PoolInstance | undefined {
    if (poolId === undefined || driver !== this.#deps.driver || state.kind !== 'open') return undefined;
    const instance = this.#deps.view.find(poolId);
    // Elsewhere it is a copy, or has not been registered there yet.
    if (instance?.nodeName !== nodeName) return undefined;
    return instance.release !== undefined || this.#isDue(poolId) ? instance : undefined;
  }

  /** Waits for what is under way; the signal that it was begun with ends it. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#underWay.values());
  }

  #isDue(poolId: string): boolean {
    const at = this.#unfinished.get(poolId);
    return at !== undefined && at <= this.#deps.clock.monotonic();
  }

  #findStore({ poolId, nodeName }: PoolInstance): FileStore | undefined {
    const entry = this.#deps.stores
      .list()
      .find((candidate) => candidate.poolId === poolId && candidate.nodeName === nodeName);
    return entry !== undefined && 'store' in entry.state ? entry.state.store : undefined;
  }

  async #bringBack(instance: PoolInstance, store: FileStore, signal: AbortSignal): Promise<void> {
    const { registry, view, clock, logger } = this.#deps;
    const { poolId, poolName, nodeName } = instance;
    await registry.startReturn(poolId, signal);
    const tombstones = await registry.listTombstones(poolId, signal);
    const waiting = await replayTombstones({ registry, store, logger }, tombstones, signal);
    if (waiting.length === 0) this.#unfinished.delete(poolId);
    else this.#unfinished.set(poolId, clock.monotonic() + RETRY_MS);
    if (instance.release === undefined) return;
    await registry.finishReturn(poolId, signal);
    await view.refresh(signal);
    logger.info('A pool that was given up is back', {
      poolId,
      pool: poolName,
      node: nodeName,
      removed: tombstones.length - waiting.length,
    });
  }

  #takeLeftovers(signal: AbortSignal): void {
    const now = this.#deps.clock.monotonic();
    if (now - this.#leftoversAt < LEFTOVERS_MS) return;
    this.#leftoversAt = now;
    this.#run(
      'leftovers',
      async () => {
        const all = await this.#deps.registry.listTombstones(undefined, signal);
        for (const { poolId } of all) {
          if (this.#deps.view.find(poolId)?.release === undefined) this.#unfinished.set(poolId, now);
        }
      },
      signal,
    );
  }

  #run(key: string, work: () => Promise<void>, signal: AbortSignal): void {
    if (this.#underWay.has(key)) return;
    const running = work()
      .catch((error: unknown) => {
        if (signal.aborted) return;
        this.#deps.logger.error('What was deleted while a node was away cannot be removed there yet', {
          pool: key,
          err: error,
        });
      })
      .finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, running);
  }
}
