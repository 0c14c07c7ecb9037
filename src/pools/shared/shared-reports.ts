import { hashName } from '../../base/ids.ts';
import type { NodeReport, PoolAdmittance, PoolReports, ReportedPool } from '../pool-reports.ts';
import { toSharedPlace } from './shared-place.ts';

interface Report {
  readonly nodeName: string;
  readonly pool: ReportedPool;
}

/**
 * What agents say of pools that they all reach, as if each pool were at one place that says it itself. One agent that has a pool open is enough; one is told to make a new
 * one. Pools of other drivers are left out.
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
    list: () => [...listAll()].map(([poolName, all]) => toPlaceReport(poolName, all)),
    onChange: (listener) => reports.onChange(listener),
    async admit(request, signal) {
      const waiting = (listAll().get(request.poolName) ?? []).filter(
        ({ pool }) => pool.state.kind === 'awaiting',
      );
      const chosen = chooseFirst(request, waiting);
      // It may have been opened since the caller looked.
      if (chosen !== undefined) await reports.admit({ ...request, nodeName: chosen.nodeName }, signal);
    },
  };
}

/** Always the same one, whichever controller asks, as long as it waits: two would make two pools of one directory. */
function chooseFirst({ poolName }: PoolAdmittance, waiting: readonly Report[]): Report | undefined {
  const [first] = waiting.toSorted((a, b) =>
    hashName(poolName, a.nodeName) < hashName(poolName, b.nodeName) ? -1 : 1,
  );
  return first;
}

function toPlaceReport(poolName: string, all: readonly Report[]): NodeReport {
  const best =
    all.find(({ pool }) => pool.state.kind === 'open' && pool.state.room !== undefined) ??
    all.find(({ pool }) => pool.state.kind === 'open') ??
    all.find(({ pool }) => pool.poolId !== undefined) ??
    all.find(({ pool }) => pool.state.kind === 'awaiting') ??
    all[0];
  return { nodeName: toSharedPlace(poolName), pools: best === undefined ? [] : [best.pool] };
}
