import { createAgentConnection } from '../agent/connection.ts';
import { createTicketedOrigins } from '../agent/content-origins.ts';
import { RemoteStores } from '../agent/remote-stores.ts';
import { systemClock } from '../base/clock.ts';
import { Operations } from '../base/operations.ts';
import { toPluginFeatures } from '../csi/controller/capabilities.ts';
import { joinStores } from '../filestore/join-stores.ts';
import type { MetricsOptions } from '../observability/metrics.ts';
import { loadAgentServiceType } from '../rpc/proto.ts';
import { type ClientTls, createClientTls } from '../rpc/tls-client.ts';
import { AGENT_TLS_NAME } from '../rpc/tls.ts';
import { type ControllerGround, prepareGround } from './controller-ground.ts';
import type { ControllerDriver, CreateControllerDriver } from './drivers/controller-driver.ts';
import { CONTROLLER_DRIVERS } from './drivers/controllers.ts';
import type { DriverStores } from './drivers/driver-stores.ts';
import { settleAll } from './hold-pools.ts';
import { createKnownPools } from './known-pools.ts';
import type { Lifetime } from './lifecycle.ts';
import { observe } from './observe.ts';
import { listPoolRoom } from './pool-room.ts';
import type { ProgramOptions } from './program.ts';
import { Readiness, reportControllerReadiness } from './readiness.ts';
import { holdServers, serveDriver } from './serve.ts';
import { tellPoolNews } from './tell-pool-news.ts';
import { watchOrphans } from './watch-orphans.ts';

/** A node that lost its power is noticed after so long at the most, also between calls. */
const KEEPALIVE = { timeMs: 5_000, timeoutMs: 5_000 };

/** What there is to see of a controller. */
interface Shown {
  readonly pools: readonly DriverStores[];
  readonly listAgents: NonNullable<MetricsOptions['listAgents']>;
  readonly countOrphans: () => number;
}

/**
 * The controller half of every configured driver, over the agents of the nodes. Needs no privileges and no paths of the host. HTTP is served at once,
 * so that it can say what the program waits for; the sockets once there are certificates and the cluster is known, which the API of Kubernetes may
 * take its time for. Returns then; agents are asked in the background, and Probe says ready when each has been tried. It stops in this order: sockets, operations
 * under way, the supervision of pools, connections to agents, the other work in the background, HTTP. Throws DriverError when it cannot serve at all.
 */
export async function startController(
  options: ProgramOptions,
  lifetime: Lifetime,
  creators: readonly CreateControllerDriver[] = Object.values(CONTROLLER_DRIVERS),
): Promise<void> {
  const { stack, stopping } = lifetime;
  const { version, logger } = options;
  const operations = new Operations();
  const readiness = new Readiness();
  let shown: Shown = { pools: [], listAgents: () => [], countOrphans: () => 0 };
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
  const { remote, drivers } = createDrivers(options, { ground, tls, creators });
  for (const { pools } of drivers) readiness.watch(() => pools.findObstacle());
  const seen = drivers.map(({ driver, pools }) => ({ driver, stores: pools.seen }));
  const orphans = watchOrphans(ground, seen, logger);
  shown = {
    pools: seen,
    listAgents: () =>
      remote.listAgents().map(({ agent, state }) => ({
        node: agent.nodeName,
        isAnswering: state.kind === 'answering',
      })),
    countOrphans: () => orphans.count(),
  };
  stack.defer(() => remote.close());
  stack.defer(() => settleAll(drivers.map(async ({ pools }) => await pools.close())));
  stack.defer(() => operations.stop(new Error('The program is stopping.')));

  const servers = holdServers(stack, options);
  for (const { driver, endpoints, backend } of drivers) {
    const served = {
      driverName: driver,
      version,
      endpoints,
      features: toPluginFeatures(backend),
      controller: backend,
      ready: () => readiness.isReady,
    };
    servers.add(await serveDriver(served, options, { metrics, operations }));
  }
  orphans.start();
  for (const { driver, pools, listUnenforced } of drivers) {
    tellPoolNews(ground, driver, {
      listInstances: () => pools.listInstances(),
      listUnenforced: () => listUnenforced?.() ?? [],
    });
    logger.info('serving', { driver, version });
  }

  stack.defer(() => readiness.stop());
  remote.start();
  const asked = ground.discovery.whenKnown(stopping).then(() => remote.whenTried());
  const tried = settleAll([...drivers.map(async ({ pools }) => await pools.start(stopping)), asked]);
  void readiness.track(tried, logger, stopping);
}

interface DriversDeps {
  readonly ground: ControllerGround;
  readonly tls: ClientTls;
  readonly creators: readonly CreateControllerDriver[];
}

/** The drivers, and the stores behind agents that they share. */
function createDrivers(
  options: ProgramOptions,
  { ground, tls, creators }: DriversDeps,
): { readonly remote: RemoteStores; readonly drivers: readonly ControllerDriver[] } {
  const { logger } = options;
  const drivers: ControllerDriver[] = [];
  const type = loadAgentServiceType();
  const remote = new RemoteStores({
    discovery: ground.discovery,
    listKnown: createKnownPools(() =>
      drivers.map(({ driver, pools }) => ({ driver, listInstances: () => pools.listInstances() })),
    ),
    connect: (agent, onTrouble) => {
      return createAgentConnection({ type, agent, tls, keepalive: KEEPALIVE, onTrouble });
    },
    clock: systemClock,
    logger: logger.child({ component: 'agents' }),
  });
  const deps = {
    options,
    ground,
    remote,
    origins: createTicketedOrigins({ discovery: ground.discovery, tls: ground.tls, clock: systemClock }),
    sources: joinStores(() => drivers.map(({ sources }) => sources)),
  };
  drivers.push(...creators.flatMap((create) => create(deps) ?? []));
  return { remote, drivers };
}
