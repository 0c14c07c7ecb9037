import { hashName } from '../../base/ids.ts';
import type { NodeReport, PoolAdmittance, PoolReports, ReportedPool } from '../pool-reports.ts';
import { toSharedPlace } from './shared-place.ts';

interface Report {
  readonly nodeName: string;
  readonly pool: ReportedPool;
}

/**
 * What agents say of pools that they all reach, as if each pool were at one place that says it itself. One agent that has a pool open is enough; one is told to make a new
 * one, and all that wait are told of one that is known. Pools of other drivers are left out.
 */
export function shareReports(reports: PoolReports, driver: string): PoolReports {
  const listAll = (): ReadonlyMap<string, readonly Report[]> =>
    Map.groupBy(
      reports
        .list()
        .flatMap(({ nodeName, pools }) => pools.map((pool) => ({ nodeName, pool })))
        .filter(({ pool }) => pool.driver === driver),
      ({ pool }) => pool.name,
    );
  return {
    list: () =>
      [...listAll()].map(([poolName, all]) => ({
        nodeName: toSharedPlace(poolName),
        pools: toPlacePools(all),
      })),
    onChange: (listener) => reports.onChange(listener),
    async admit(request, signal) {
      const told = chooseTold(request, listAll().get(request.poolName) ?? []);
      const outcomes = await Promise.allSettled(
        told.map(async ({ nodeName }) => await reports.admit({ ...request, nodeName }, signal)),
      );
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
  };
}

/** Whoever has the pool open checks the word against it, and a new pool is not made beside it. */
function chooseTold({ poolName, knownPoolId }: PoolAdmittance, all: readonly Report[]): readonly Report[] {
  const open = all.filter(({ pool }) => pool.state.kind === 'open').slice(0, 1);
  const waiting = all.filter(({ pool }) => pool.state.kind === 'awaiting');
  if (knownPoolId !== undefined) return [...open, ...waiting];
  return open.length > 0 ? open : chooseFirst(poolName, waiting);
}

/** Always the same one, whichever controller asks, as long as it waits: two would make two pools of one directory. */
function chooseFirst(poolName: string, waiting: readonly Report[]): readonly Report[] {
  return waiting
    .toSorted((a, b) => (hashName(poolName, a.nodeName) < hashName(poolName, b.nodeName) ? -1 : 1))
    .slice(0, 1);
}

function toPlacePools(all: readonly Report[]): NodeReport['pools'] {
  const pools = all.map(({ pool }) => pool);
  const open = pools.filter(({ state }) => state.kind === 'open');
  const [first] = open;
  // Nobody can say which one it is, so neither is registered.
  if (first !== undefined && open.some(({ poolId }) => poolId !== first.poolId)) {
    return [{ ...first, poolId: undefined, state: { kind: 'unavailable' } }];
  }
  const waiting = pools.find(({ state }) => state.kind === 'awaiting');
  const best =
    open.find(({ state }) => state.kind === 'open' && state.room !== undefined) ??
    first ??
    pools.find(({ poolId }) => poolId !== undefined) ??
    waiting ??
    pools[0];
  if (best === undefined) return [];
  // Those that wait while others have it open are to be admitted, too.
  const isLeftWaiting = waiting !== undefined && best !== waiting;
  return isLeftWaiting ? [best, { ...waiting, poolId: undefined }] : [best];
}
