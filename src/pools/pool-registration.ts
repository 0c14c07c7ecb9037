import type { Clock } from '../base/clock.ts';
import { isDriverError } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { applySeen } from './instance-rules.ts';
import type { NodeReport, PoolReports, ReportedPool } from './pool-reports.ts';
import type { PoolInstance, PoolRegistry, SeenPool } from './registry.ts';
import type { PoolSpot, RegistryView } from './registry-view.ts';

export interface PoolRegistrationDeps {
  readonly driver: string;
  readonly clusterId: string;
  readonly reports: Pick<PoolReports, 'admit'>;
  readonly registry: PoolRegistry;
  readonly view: RegistryView;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

/** What came of writing down what nodes say. */
export interface Registered {
  readonly isChanged: boolean;
  /** Why the registry could not be written, if it could not: the error of one of the pools. */
  readonly failure: unknown;
}

/** Writes down what nodes say of their pools, as far as it is new. */
export class PoolRegistration {
  readonly #deps: PoolRegistrationDeps;

  constructor(deps: PoolRegistrationDeps) {
    this.#deps = deps;
  }

  /** What cannot be written keeps nothing else from being written. */
  async registerAll(nodes: readonly NodeReport[], signal: AbortSignal): Promise<Registered> {
    let isChanged = false;
    let failure: unknown;
    for (const node of nodes) {
      for (const pool of node.pools) {
        if (pool.driver !== this.#deps.driver || hasTwin(nodes, node, pool)) continue;
        const outcome = await this.#register(node, pool, signal);
        if (outcome === 'written') isChanged = true;
        if (typeof outcome === 'object') ({ failure } = outcome);
      }
    }
    return { isChanged, failure };
  }

  /** Says once that a place cannot be used, and why. */
  refuse({ nodeName, poolName }: PoolSpot, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (!this.#deps.view.noteRefusal({ nodeName, poolName }, message)) return;
    this.#deps.logger.error('A pool cannot be registered or admitted, so it is not used', {
      pool: poolName,
      node: nodeName,
      err: error,
    });
  }

  /** A pool that was opened without a word may be another cluster's: its node knows, and refuses. */
  async #askCluster({ driver, nodeName, poolName, poolId }: SeenPool, signal: AbortSignal): Promise<void> {
    const { reports, clusterId } = this.#deps;
    await reports.admit({ driver, nodeName, poolName, knownPoolId: poolId, clusterId }, signal);
  }

  async #register(node: NodeReport, pool: ReportedPool, signal: AbortSignal): Promise<Outcome> {
    const seen = toSeen(node, pool);
    if (seen === undefined) return 'nothing new';
    const { view, clock } = this.#deps;
    const known = view.find(seen.poolId);
    // A node that cannot open a pool says only that it once had it.
    if (seen.condition === 'unavailable' && known?.nodeName !== seen.nodeName) return 'nothing new';
    try {
      if (known !== undefined && applySeen(view.instances, seen, new Date(clock.now())) === known)
        return 'nothing new';
      if (known === undefined) await this.#askCluster(seen, signal);
      return await this.#record(seen, known, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.refuse(seen, error);
      return 'nothing new';
    }
  }

  /** Throws PRECONDITION_FAILED when the pool must not be registered there, and OPERATION_PENDING when others change it all the time. */
  async #record(seen: SeenPool, known: PoolInstance | undefined, signal: AbortSignal): Promise<Outcome> {
    const { registry, view, logger } = this.#deps;
    try {
      await registry.record(seen, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!isDriverError(error, 'POOL_UNAVAILABLE')) throw error;
      // What is registered already is used all the same.
      if (known === undefined) this.refuse(seen, error);
      return { failure: error };
    }
    const { poolId, poolName, nodeName } = seen;
    if (known === undefined) logger.info('Pool registered', { poolId, pool: poolName, node: nodeName });
    view.noteRefusal(seen, undefined);
    return 'written';
  }
}

type Outcome = 'written' | 'nothing new' | { readonly failure: unknown };

/** Undefined for a pool that has no id yet. */
function toSeen({ nodeName }: NodeReport, pool: ReportedPool): SeenPool | undefined {
  const { name, driver, poolId, state, settings } = pool;
  if (poolId === undefined || state.kind === 'awaiting') return undefined;
  const { releaseAfterSeconds } = settings;
  return {
    driver,
    poolName: name,
    nodeName,
    poolId,
    onNodeLoss:
      releaseAfterSeconds === undefined
        ? { action: 'keep' }
        : { action: 'release', afterSeconds: releaseAfterSeconds },
    condition: state.kind,
    room: state.kind === 'open' ? state.room : undefined,
  };
}

/** Whether another place shows the same pool, open: neither is to be written down as where it is now. */
function hasTwin(nodes: readonly NodeReport[], node: NodeReport, pool: ReportedPool): boolean {
  return nodes.some((other) =>
    other.pools.some(
      (candidate) =>
        candidate.poolId === pool.poolId &&
        candidate.state.kind === 'open' &&
        !(other.nodeName === node.nodeName && candidate.name === pool.name),
    ),
  );
}
