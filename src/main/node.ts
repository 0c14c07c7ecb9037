import { createRemoteContent } from '../agent/content-client.ts';
import { createHostpathController } from '../backends/hostpath/controller.ts';
import { systemClock } from '../base/clock.ts';
import { Operations } from '../base/operations.ts';
import { toPluginFeatures } from '../csi/controller/capabilities.ts';
import { createFileRegistry } from '../pools/file-registry.ts';
import { createFileTls } from '../rpc/file-tls.ts';
import { connectStream } from '../rpc/tls-stream.ts';
import { AGENT_TLS_NAME } from '../rpc/tls.ts';
import { serveAgent } from './agent-server.ts';
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
 * The node half of every configured driver, and the agent that offers this node's pools to controllers. Returns once both are served; pools
 * are opened in the background. It never talks to Kubernetes. Stops as all-in-one does. Throws DriverError when it cannot serve at all.
 */
export async function startNode(options: ProgramOptions, lifetime: Lifetime): Promise<void> {
  const { stack } = lifetime;
  const { config, version, logger } = options;
  const hostpath = getSection(config.drivers.hostpath, 'drivers.hostpath');
  const { driverName } = hostpath;
  const directory = getSection(config.tls?.directory, 'tls.directory');

  const host = await startMachine(options, lifetime);
  const tls = await createFileTls({ directory, ownName: AGENT_TLS_NAME, clock: systemClock, logger });
  stack.defer(() => tls.close());
  const { stateDirectory } = config;
  const registry = createFileRegistry({ stateDirectory, driver: driverName, clock: systemClock });
  const remoteContents = createRemoteContent((target, signal) => connectStream(target, tls, signal));
  const pools = createLocalPools(hostpath, options, {
    host,
    registry,
    clusterId: undefined,
    remoteContents,
  });
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

  // What the driver announces as a whole follows from its controller half, which needs no pools for that.
  const features = toPluginFeatures(createHostpathController({ stores: { list: () => [] }, logger }));
  const driver = {
    driverName,
    version,
    endpoints: hostpath,
    features,
    node,
    ready: () => readiness.isReady,
  };
  const stopWithinMs = config.limits.shutdownSeconds * 1000;
  const csi = await serveDriver(driver, options, { metrics, operations });
  const stopping = [csi];
  // Both are given their time at once, so that stopping takes no longer than for one.
  stack.defer(() => Promise.all(stopping.map((server) => server.stop(stopWithinMs))).then(() => undefined));
  stopping.push(
    await serveAgent({ hostpath, stores, admission: stores.admission, tls, metrics, operations }, options),
  );
  logger.info('serving', { driver: driverName, version, node: config.node.name });

  stack.defer(() => readiness.stop());
  opening.start(Promise.resolve(), readiness, logger);
}
