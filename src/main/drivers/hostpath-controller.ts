import { createHostpathController } from '../../backends/hostpath/controller.ts';
import { systemClock } from '../../base/clock.ts';
import { gatePools } from '../gated-pools.ts';
import type { CreateControllerDriver } from './controller-driver.ts';

/** The controller half of host-path, whose pools are those that the agents of the nodes offer, each where it is. */
export const createHostpathControllerDriver: CreateControllerDriver = ({
  options,
  ground,
  remote,
  origins,
  sources,
}) => {
  const { logger, config } = options;
  const { hostpath } = config.drivers;
  if (hostpath === undefined) return undefined;
  const driver = hostpath.driverName;
  const pools = gatePools({
    driver,
    clusterId: ground.clusterId,
    registry: ground.registry,
    reports: remote.reports,
    stores: remote.storesOf(driver),
    lease: ground.lease,
    clock: systemClock,
    logger: logger.child({ component: 'pools' }),
  });
  const { stores, released } = pools;
  return {
    driver,
    endpoints: hostpath,
    pools,
    sources: stores,
    backend: createHostpathController({ stores, sources, released, origins, logger }),
  };
};
