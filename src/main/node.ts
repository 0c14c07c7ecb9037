import { createRemoteContent } from '../agent/content-client.ts';
import { createHostpathController } from '../backends/hostpath/controller.ts';
import { systemClock } from '../base/clock.ts';
import { raceAbort } from '../base/keyed-lock.ts';
import { Operations } from '../base/operations.ts';
import { toPluginFeatures } from '../csi/controller/capabilities.ts';
import { Trouble } from '../observability/trouble.ts';
import { createFileRegistry } from '../pools/file-registry.ts';
import { waitForFileTls } from '../rpc/file-tls.ts';
import { connectStream } from '../rpc/tls-stream.ts';
import { AGENT_TLS_NAME } from '../rpc/tls.ts';
import { serveAgent } from './agent-server.ts';
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
 * For how long certificates that are not there keep the program from showing that it has started. In Kubernetes they come from a Secret that a controller
 * makes meanwhile, and kubelet looks for it when the startup probe succeeds, then only after a minute or more: docs/adr/0015.
 */
const CERTIFICATES_WITHIN_MS = 10_000;

/**
 * The node half of every configured driver, and the agent that offers this node's pools to controllers. Returns once both are served, for which the agent
 * may have to wait for its certificates, without end; pools are opened in the background. It never talks to Kubernetes. Stops as all-in-one does. Throws DriverError when it
 * cannot serve at all.
 */
export async function startNode(options: ProgramOptions, lifetime: Lifetime): Promise<void> {
  const { stack, stopping } = lifetime;
  const { config, version, logger } = options;
  const hostpath = getSection(config.drivers.hostpath, 'drivers.hostpath');
  const { driverName } = hostpath;
  const directory = getSection(config.tls?.directory, 'tls.directory');

  const host = await startMachine(options, lifetime);
  const readiness = new Readiness();
  const trouble = new Trouble(logger);
  readiness.watch(() => trouble.sentence);
  const coming = waitForFileTls(
    { directory, ownName: AGENT_TLS_NAME, clock: systemClock, logger, trouble },
    stopping,
  );
  stack.defer(async () => await coming.then((tls) => tls.close(), ignore));
  await waitAtMost(coming, CERTIFICATES_WITHIN_MS, stopping);
  const { stateDirectory } = config;
  const registry = createFileRegistry({ stateDirectory, driver: driverName, clock: systemClock });
  const remoteContents = createRemoteContent(async (target, signal) => {
    return await connectStream(target, await raceAbort(coming, signal), signal);
  });
  const pools = createLocalPools(hostpath, options, {
    host,
    registry,
    clusterId: undefined,
    remoteContents,
  });
  const { stores, node } = pools;
  const operations = new Operations();
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
  const servers = [csi];
  // Both are given their time at once, so that stopping takes no longer than for one.
  stack.defer(() => Promise.all(servers.map((server) => server.stop(stopWithinMs))).then(() => undefined));
  logger.info('serving', { driver: driverName, version, node: config.node.name });
  stack.defer(() => readiness.stop());
  opening.start(Promise.resolve(), readiness, logger);

  const tls = await coming;
  const offer = {
    driver: driverName,
    stores,
    admission: stores.admission,
    settingsOf: (poolName: string) => findPoolSettings(hostpath, config.node.name, poolName),
  };
  servers.push(await serveAgent({ offers: [offer], tls, metrics, operations }, options));
}

/** Throws what the work throws before that, and the signal's reason. */
async function waitAtMost(work: Promise<unknown>, ms: number, signal: AbortSignal): Promise<void> {
  const end = new AbortController();
  const late = systemClock.sleep(ms, AbortSignal.any([signal, end.signal]));
  try {
    await Promise.race([work, late]);
  } finally {
    end.abort();
    await late.catch(ignore);
  }
}

function ignore(): void {}
