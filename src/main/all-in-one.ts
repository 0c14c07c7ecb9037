import { createHostpathController } from '../backends/hostpath/controller.ts';
import { systemClock } from '../base/clock.ts';
import { alwaysHeld } from '../base/lease.ts';
import { Operations } from '../base/operations.ts';
import { toPluginFeatures } from '../csi/controller/capabilities.ts';
import { createFileRegistry } from '../pools/file-registry.ts';
import { createLocalReports } from '../pools/local-reports.ts';
import { DEFAULT_CLUSTER_ID } from './default-cluster-id.ts';
import { gatePools } from './gated-pools.ts';
import type { Lifetime } from './lifecycle.ts';
import { createLocalPools, findPoolSettings, holdLocalPools } from './local-pools.ts';
import { startMachine } from './machine.ts';
import { observe } from './observe.ts';
import { listPoolRoom } from './pool-room.ts';
import type { ProgramOptions } from './program.ts';
import { Readiness, reportReadiness } from './readiness.ts';
import { getSection } from './roles.ts';
import { serveDriver } from './serve.ts';

/**
 * Controller and node of every configured driver in one process. Returns once the sockets are served; pools are opened in the
 * background, and Probe says ready when each has been tried. It stops in this order: sockets, operations under way, those that outlive their calls, pools, HTTP (which
 * tells of all that), host. Throws DriverError when it cannot serve at all.
 */
export async function startAllInOne(options: ProgramOptions, lifetime: Lifetime): Promise<void> {
  const { stack, stopping } = lifetime;
  const { config, version, logger } = options;
  const hostpath = getSection(config.drivers.hostpath, 'drivers.hostpath');
  const { driverName } = hostpath;

  const host = await startMachine(options, lifetime);
  const { stateDirectory, clusterId = DEFAULT_CLUSTER_ID } = config;
  const nodeName = config.node.name;
  const registry = createFileRegistry({ stateDirectory, driver: driverName, clock: systemClock });
  const local = createLocalPools(hostpath, options, { host, registry, clusterId });
  const pools = gatePools({
    driver: driverName,
    clusterId,
    registry,
    reports: createLocalReports({
      driver: driverName,
      nodeName,
      stores: local.stores,
      settingsOf: (poolName) => findPoolSettings(hostpath, nodeName, poolName),
    }),
    stores: local.stores,
    isRegisteredWhenOpen: true,
    lease: alwaysHeld,
    clock: systemClock,
    logger: logger.child({ component: 'pools' }),
  });
  const operations = new Operations();
  const readiness = new Readiness();
  readiness.watch(() => pools.findObstacle());
  const metrics = await observe(options, lifetime, {
    operationsInFlight: () => operations.size,
    listPoolRoom: () => listPoolRoom(local.stores, systemClock),
    getReadiness: () => reportReadiness(readiness, local.stores),
  });
  const opening = holdLocalPools(local, lifetime);
  stack.defer(() => pools.close());
  stack.defer(() => operations.stop(new Error('The program is stopping.')));

  const controller = createHostpathController({ stores: pools.stores, released: pools.released, logger });
  const server = await serveDriver(
    {
      driverName,
      version,
      endpoints: hostpath,
      features: toPluginFeatures(controller),
      controller,
      node: local.node,
      ready: () => readiness.isReady,
    },
    options,
    { metrics, operations },
  );
  stack.defer(() => server.stop(config.limits.shutdownSeconds * 1000));
  logger.info('serving', { driver: driverName, version, node: nodeName });

  stack.defer(() => readiness.stop());
  opening.start(pools.start(stopping), readiness, logger);
}
