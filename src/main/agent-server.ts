import { createAccessInterceptor } from '../agent/access.ts';
import { createContentOffer } from '../agent/content-server.ts';
import { createAgentInterceptors } from '../agent/interceptors.ts';
import type { PoolOffer } from '../agent/pool-offer.ts';
import { createRefusals } from '../agent/refusals.ts';
import { createAgentService } from '../agent/server.ts';
import { systemClock } from '../base/clock.ts';
import type { Operations } from '../base/operations.ts';
import type { LocalFileStore } from '../filestore/file-store.ts';
import { joinStores } from '../filestore/join-stores.ts';
import { readBootId } from '../host/boot-id.ts';
import type { Metrics } from '../observability/metrics.ts';
import { loadAgentServiceType } from '../rpc/proto.ts';
import { startTcpServer, type TcpServer } from '../rpc/tcp-server.ts';
import { CONTROLLER_TLS_NAME, type TlsSource } from '../rpc/tls.ts';
import type { ProgramOptions } from './program.ts';

/** What the agent offers, and with what. */
export interface ServedAgent {
  /** The pools of each driver that has some here. */
  readonly offers: readonly PoolOffer<LocalFileStore>[];
  readonly tls: TlsSource;
  readonly metrics: Metrics;
  readonly operations: Operations;
}

/** Offers this node's pools to controllers. Throws PRECONDITION_FAILED when the port is taken. */
export async function serveAgent(
  { offers, tls, metrics, operations }: ServedAgent,
  { config, version, context, logger }: ProgramOptions,
): Promise<TcpServer> {
  const own = logger.child({ component: 'agent' });
  const identity = { nodeName: config.node.name, bootId: await readBootId() };
  const refusals = createRefusals({ metrics, logger: own, clock: systemClock });
  return await startTcpServer({
    address: config.agent.address,
    driver: offers.map(({ driver }) => driver).join(','),
    services: [
      createAgentService({
        type: loadAgentServiceType(),
        identity,
        release: version,
        offers,
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
      stores: joinStores(() => offers.map(({ stores }) => stores)),
      tls,
      clock: systemClock,
      logger: own,
      onRefused: (error, remoteAddress) => refusals.noteTicket(error, remoteAddress),
      onCrowded: (remoteAddress) => refusals.noteCrowd(remoteAddress),
    }),
    logger: own,
  });
}
