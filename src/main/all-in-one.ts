import { createHostpathController } from '../backends/hostpath/controller.ts';
import { systemClock } from '../base/clock.ts';
import { Operations } from '../base/operations.ts';
import { toPluginFeatures } from '../csi/controller/capabilities.ts';
import { createFileRegistry } from '../pools/file-registry.ts';
import type { Lifetime } from './lifecycle.ts';
import { createLocalPools, holdLocalPools } from './local-pools.ts';
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
  const { stack } = lifetime;
  const { config, version, logger } = options;
  const hostpath = getSection(config.drivers.hostpath, 'drivers.hostpath');
  const { driverName } = hostpath;

  const host = await startMachine(options, lifetime);
  const { stateDirectory } = config;
  const registry = createFileRegistry({ stateDirectory, driver: driverName, clock: systemClock });
  const pools = createLocalPools(hostpath, options, { host, registry });
  const { stores, node } = pools;
  const operations = new Operations();
  const readiness = new Readiness();
  const metrics = await observe(options, lifetime, {
    operationsInFlight: () => operations.size,
    listPoolRoom: () => listPoolRoom(stores, systemClock),
    getReadiness: () => reportReadiness(readiness, stores),
  });
  const opening = holdLocalPools(pools, lifetime);
  stack.defer(() => operations.stop(new Error('The program is stopping.')));

  const controller = createHostpathController({ stores, logger });
  const server = await serveDriver(
    {
      driverName,
      version,
      endpoints: hostpath,
      features: toPluginFeatures(controller),
      controller,
      node,
      ready: () => readiness.isReady,
    },
    options,
    { metrics, operations },
  );
  stack.defer(() => server.stop(config.limits.shutdownSeconds * 1000));
  logger.info('serving', { driver: driverName, version, node: config.node.name });

  stack.defer(() => readiness.stop());
  opening.start(readiness, logger);
}
