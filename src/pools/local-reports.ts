import type { StoreDirectory } from '../filestore/store-directory.ts';
import type { PoolReports, ReportedPool } from './pool-reports.ts';

export interface LocalReportsOptions {
  readonly driver: string;
  readonly nodeName: string;
  readonly stores: StoreDirectory;
  /** See {@link ReportedPool}. */
  readonly settingsOf: (poolName: string) => ReportedPool['settings'];
}

/** What the node of this very program says of its pools: it always answers, and nothing there waits to be admitted. */
export function createLocalReports({
  driver,
  nodeName,
  stores,
  settingsOf,
}: LocalReportsOptions): PoolReports {
  return {
    list: () => [
      {
        nodeName,
        pools: stores.list().map(({ poolName, poolId, state }) => ({
          name: poolName,
          poolId,
          driver,
          state: 'store' in state ? { kind: 'open', room: undefined } : { kind: 'unavailable' },
          settings: settingsOf(poolName),
        })),
      },
    ],
    onChange: () => ({ [Symbol.dispose]: () => undefined }),
    admit: async () => await Promise.resolve(),
  };
}
