import { createAgentConnection } from '../agent/connection.ts';
import { createTicketedOrigins } from '../agent/content-origins.ts';
import { type KnownPool, RemoteStores } from '../agent/remote-stores.ts';
import { createHostpathController } from '../backends/hostpath/controller.ts';
import { systemClock } from '../base/clock.ts';
import { Operations } from '../base/operations.ts';
import { toPluginFeatures } from '../csi/controller/capabilities.ts';
import type { PoolInstance } from '../pools/registry.ts';
import { loadAgentServiceType } from '../rpc/proto.ts';
import { createClientTls } from '../rpc/tls-client.ts';
import { AGENT_TLS_NAME } from '../rpc/tls.ts';
import { prepareGround } from './controller-ground.ts';
import type { FileStore } from '../filestore/file-store.ts';
import type { StoreDirectory } from '../filestore/store-directory.ts';
import type { MetricsOptions } from '../observability/metrics.ts';
import { type GatedPools, gatePools } from './gated-pools.ts';
import type { Lifetime } from './lifecycle.ts';
import { observe } from './observe.ts';
import { listPoolRoom } from './pool-room.ts';
import type { ProgramOptions } from './program.ts';
import { Readiness, reportControllerReadiness } from './readiness.ts';
import { getSection } from './roles.ts';
import { serveDriver } from './serve.ts';
import { tellPoolNews } from './tell-pool-news.ts';
import { watchOrphans } from './watch-orphans.ts';

/** A node that lost its power is noticed after so long at the most, also between calls. */
const KEEPALIVE = { timeMs: 5_000, timeoutMs: 5_000 };

/** What there is to see of a controller. */
interface Shown {
  readonly pools: StoreDirectory;
  readonly listAgents: NonNullable<MetricsOptions['listAgents']>;
  readonly countOrphans: () => number;
}

/**
 * The controller half of every configured driver, over the agents of the nodes. Needs no privileges and no paths of the host. HTTP is served at once,
 * so that it can say what the program waits for; the sockets once there are certificates and the cluster is known, which the API of Kubernetes may
 * take its time for. Returns then; agents are asked in the background, and Probe says ready when each has been tried. It stops in this order: sockets, operations
 * under way, the supervision of pools, connections to agents, the other work in the background, HTTP. Throws DriverError when it cannot serve at all.
 */
export async function startController(options: ProgramOptions, lifetime: Lifetime): Promise<void> {
  const { stack, stopping } = lifetime;
  const { config, version, logger } = options;
  const hostpath = getSection(config.drivers.hostpath, 'drivers.hostpath');
  const { driverName } = hostpath;

  const operations = new Operations();
  const readiness = new Readiness();
  let shown: Shown = { pools: { list: () => [] }, listAgents: () => [], countOrphans: () => 0 };
  const metrics = await observe(options, lifetime, {
    operationsInFlight: () => operations.size,
    listPoolRoom: () => listPoolRoom(shown.pools, systemClock),
    listAgents: () => shown.listAgents(),
    countOrphans: () => shown.countOrphans(),
    getReadiness: () => reportControllerReadiness(readiness, shown.pools),
  });

  const ground = await prepareGround(options, lifetime, readiness);
  const tls = createClientTls(ground.tls, AGENT_TLS_NAME);
  stack.use(tls);
  const type = loadAgentServiceType();
  const remote = new RemoteStores({
    discovery: ground.discovery,
    listKnown: createKnownPools(() => pools.listInstances()),
    connect: (agent, onTrouble) => {
      return createAgentConnection({ type, agent, tls, keepalive: KEEPALIVE, onTrouble });
    },
    clock: systemClock,
    logger: logger.child({ component: 'agents' }),
  });
  const pools: GatedPools<FileStore> = gatePools({
    driver: driverName,
    clusterId: ground.clusterId,
    registry: ground.registry,
    reports: remote.reports,
    stores: remote.storesOf(driverName),
    lease: ground.lease,
    clock: systemClock,
    logger: logger.child({ component: 'pools' }),
  });
  readiness.watch(() => pools.findObstacle());
  const orphans = watchOrphans(ground, pools.seen, options);
  shown = {
    pools: pools.seen,
    listAgents: () =>
      remote.listAgents().map(({ agent, state }) => ({
        node: agent.nodeName,
        isAnswering: state.kind === 'answering',
      })),
    countOrphans: () => orphans.count(),
  };
  stack.defer(() => remote.close());
  stack.defer(() => pools.close());
  stack.defer(() => operations.stop(new Error('The program is stopping.')));

  const controller = createHostpathController({
    stores: pools.stores,
    released: pools.released,
    origins: createTicketedOrigins({ discovery: ground.discovery, tls: ground.tls, clock: systemClock }),
    logger,
  });
  const server = await serveDriver(
    {
      driverName,
      version,
      endpoints: hostpath,
      features: toPluginFeatures(controller),
      controller,
      ready: () => readiness.isReady,
    },
    options,
    { metrics, operations },
  );
  stack.defer(() => server.stop(config.limits.shutdownSeconds * 1000));
  orphans.start();
  tellPoolNews(ground, driverName, () => pools.listInstances());
  logger.info('serving', { driver: driverName, version });

  stack.defer(() => readiness.stop());
  remote.start();
  const asked = ground.discovery.whenKnown(stopping).then(() => remote.whenTried());
  const tried = Promise.all([pools.start(stopping), asked]);
  void readiness.track(
    tried.then(() => undefined),
    logger,
    stopping,
  );
}

/** The registry as those need it who watch agents: the same list until it has been read again. */
function createKnownPools(listInstances: () => readonly PoolInstance[]): () => readonly KnownPool[] {
  let read: readonly PoolInstance[] | undefined;
  let known: readonly KnownPool[] = [];
  return () => {
    const instances = listInstances();
    if (instances === read) return known;
    read = instances;
    known = instances.map(({ driver, poolName, nodeName, poolId, release }) => {
      return { driver, poolName, nodeName, poolId, releasedAt: release?.at };
    });
    return known;
  };
}
