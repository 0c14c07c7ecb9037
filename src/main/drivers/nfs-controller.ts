import type { NfsConfig } from '../../backends/nfs/config.ts';
import { createNfsController } from '../../backends/nfs/controller.ts';
import { systemClock } from '../../base/clock.ts';
import { shareReports } from '../../pools/shared/shared-reports.ts';
import { shareStores } from '../../pools/shared/shared-stores.ts';
import { gatePools } from '../gated-pools.ts';
import type { CreateControllerDriver } from './controller-driver.ts';

/** The controller half of NFS: a pool is one, however many agents reach it. */
export const createNfsControllerDriver: CreateControllerDriver = ({
  options,
  ground,
  remote,
  origins,
  sources,
}) => {
  const { logger, config } = options;
  const { nfs } = config.drivers;
  if (nfs === undefined) return undefined;
  const driver = nfs.driverName;
  const shared = shareStores(remote.storesOf(driver), createConfiguredTest(nfs));
  const pools = gatePools({
    driver,
    clusterId: ground.clusterId,
    registry: ground.registry,
    reports: shareReports(remote.reports, driver),
    stores: shared.places,
    lease: ground.lease,
    clock: systemClock,
    logger: logger.child({ component: 'pools' }),
  });
  const { released } = pools;
  const stores = shared.withAgents(pools.stores);
  return {
    driver,
    endpoints: nfs,
    pools,
    sources: stores,
    listUnenforced: () =>
      pools.seen
        .list()
        .flatMap(({ poolId, state }) =>
          poolId !== undefined && 'store' in state && state.store.abilities.quota === 'none' ? [poolId] : [],
        ),
    backend: createNfsController({ stores, sources, released, origins, logger }),
  };
};

/** A controller may list no pools at all, and then knows of none that it was removed. */
function createConfiguredTest({ pools }: NfsConfig): (poolName: string) => boolean {
  return (poolName) => pools.length === 0 || pools.some(({ name }) => name === poolName);
}
