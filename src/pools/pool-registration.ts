import type { Clock } from '../base/clock.ts';
import type { Logger } from '../observability/logger.ts';
import { applySeen } from './instance-rules.ts';
import type { NodeReport, PoolReports, ReportedPool } from './pool-reports.ts';
import type { PoolRegistry, SeenPool } from './registry.ts';
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

/** Writes down what nodes say of their pools, as far as it is new. */
export class PoolRegistration {
  readonly #deps: PoolRegistrationDeps;

  constructor(deps: PoolRegistrationDeps) {
    this.#deps = deps;
  }

  /** Whether something was written. What cannot be is logged, and keeps nothing else from being written. */
  async registerAll(nodes: readonly NodeReport[], signal: AbortSignal): Promise<boolean> {
    let isChanged = false;
    for (const node of nodes) {
      for (const pool of node.pools) {
        if (pool.driver !== this.#deps.driver || hasTwin(nodes, node, pool)) continue;
        if (await this.#register(node, pool, signal)) isChanged = true;
      }
    }
    return isChanged;
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
  async #askCluster({ nodeName, poolName, poolId }: SeenPool, signal: AbortSignal): Promise<void> {
    const { reports, clusterId } = this.#deps;
    await reports.admit({ nodeName, poolName, knownPoolId: poolId, clusterId }, signal);
  }

  async #register(node: NodeReport, pool: ReportedPool, signal: AbortSignal): Promise<boolean> {
    const seen = toSeen(node, pool);
    if (seen === undefined) return false;
    const { registry, view, clock, logger } = this.#deps;
    const known = view.find(seen.poolId);
    // A node that cannot open a pool says only that it once had it.
    if (seen.condition === 'unavailable' && known?.nodeName !== seen.nodeName) return false;
    try {
      if (known !== undefined && applySeen(view.instances, seen, new Date(clock.now())) === known)
        return false;
      if (known === undefined) await this.#askCluster(seen, signal);
      await registry.record(seen, signal);
      if (known === undefined) {
        const { poolId, poolName, nodeName } = seen;
        logger.info('Pool registered', { poolId, pool: poolName, node: nodeName });
      }
      view.noteRefusal(seen, undefined);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      this.refuse(seen, error);
      return false;
    }
  }
}

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
