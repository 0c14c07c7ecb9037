import { createAccessInterceptor } from '../agent/access.ts';
import { createContentOffer } from '../agent/content-server.ts';
import { createAgentInterceptors } from '../agent/interceptors.ts';
import { createRefusals } from '../agent/refusals.ts';
import { createAgentService } from '../agent/server.ts';
import type { HostpathConfig } from '../backends/hostpath/config.ts';
import { systemClock } from '../base/clock.ts';
import type { Operations } from '../base/operations.ts';
import type { LocalFileStore } from '../filestore/file-store.ts';
import type { PoolAdmission } from '../filestore/pool-admission.ts';
import type { StoreDirectory } from '../filestore/store-directory.ts';
import { readBootId } from '../host/boot-id.ts';
import type { Metrics } from '../observability/metrics.ts';
import { loadAgentServiceType } from '../rpc/proto.ts';
import { startTcpServer, type TcpServer } from '../rpc/tcp-server.ts';
import { CONTROLLER_TLS_NAME, type TlsSource } from '../rpc/tls.ts';
import { findPoolSettings } from './local-pools.ts';
import type { ProgramOptions } from './program.ts';

/** What the agent offers, and with what. */
export interface ServedAgent {
  readonly hostpath: HostpathConfig;
  readonly stores: StoreDirectory<LocalFileStore>;
  readonly admission: PoolAdmission;
  readonly tls: TlsSource;
  readonly metrics: Metrics;
  readonly operations: Operations;
}

/** Offers this node's pools to controllers. Throws PRECONDITION_FAILED when the port is taken. */
export async function serveAgent(
  { hostpath, stores, admission, tls, metrics, operations }: ServedAgent,
  { config, version, context, logger }: ProgramOptions,
): Promise<TcpServer> {
  const own = logger.child({ component: 'agent' });
  const identity = { nodeName: config.node.name, bootId: await readBootId() };
  const refusals = createRefusals({ metrics, logger: own, clock: systemClock });
  return await startTcpServer({
    address: config.agent.address,
    driver: hostpath.driverName,
    services: [
      createAgentService({
        type: loadAgentServiceType(),
        identity,
        release: version,
        driver: hostpath.driverName,
        stores,
        admission,
        settingsOf: (poolName) => findPoolSettings(hostpath, config.node.name, poolName),
      }),
    ],
    interceptors: createAgentInterceptors({
      identity,
      access: createAccessInterceptor((peer, method) => refusals.noteCall(peer, method)),
      context,
      metrics,
      logger,
      operations,
      operationSeconds: config.limits.operationSeconds,
    }),
    security: {
      tls,
      peers: [CONTROLLER_TLS_NAME],
      onRefused: (refusal) => refusals.noteConnection(refusal),
    },
    streams: createContentOffer({
      nodeName: identity.nodeName,
      stores,
      tls,
      clock: systemClock,
      logger: own,
      onRefused: (error, remoteAddress) => refusals.noteTicket(error, remoteAddress),
      onCrowded: (remoteAddress) => refusals.noteCrowd(remoteAddress),
    }),
    logger: own,
  });
}
