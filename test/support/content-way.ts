import { createRemoteContent } from '../../src/agent/content-client.ts';
import { createTicketedOrigins } from '../../src/agent/content-origins.ts';
import { type ContentLimits, createContentOffer } from '../../src/agent/content-server.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { DriverError } from '../../src/domain/errors.ts';
import type { ContentOrigins, ContentSources } from '../../src/filestore/content/content.ts';
import type { LocalFileStore } from '../../src/filestore/file-store.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { startTcpServer } from '../../src/rpc/tcp-server.ts';
import { CONTROLLER_TLS_NAME } from '../../src/rpc/tls.ts';
import { connectStream } from '../../src/rpc/tls-stream.ts';
import type { TlsRefusal } from '../../src/rpc/tls-listener.ts';
import { createClusterTls } from './tls.ts';

/** A way for content from one agent to others, over TLS on loopback. */
export interface TlsWay extends AsyncDisposable {
  /** Of the agent that has the source. */
  readonly address: string;
  readonly tls: Awaited<ReturnType<typeof createClusterTls>>;
  readonly sources: ContentSources;
  readonly origins: ContentOrigins;
  /** Tickets that were refused. */
  readonly refusals: readonly DriverError[];
  /** Connections that were refused. */
  readonly turnedAway: readonly TlsRefusal[];
  /** The agent ends, and with it every connection; another one listens at the same address. */
  restart(): Promise<void>;
}

/** Serves the store that is the source at the time as node `node-1`. */
export async function openTlsWay(source: () => LocalFileStore, limits?: ContentLimits): Promise<TlsWay> {
  const tls = await createClusterTls();
  const refusals: DriverError[] = [];
  const turnedAway: TlsRefusal[] = [];
  const stores = {
    list: () => [
      { poolName: 'source', nodeName: 'node-1', poolId: source().poolId, state: { store: source() } },
    ],
  };
  const start = async (address: string) =>
    await startTcpServer({
      address,
      driver: 'agent',
      services: [],
      interceptors: [],
      logger: silentLogger,
      security: {
        tls: tls.agent,
        peers: [CONTROLLER_TLS_NAME],
        onRefused: (refusal) => turnedAway.push(refusal),
      },
      streams: createContentOffer({
        nodeName: 'node-1',
        stores,
        tls: tls.agent,
        clock: systemClock,
        logger: silentLogger,
        onRefused: (error) => refusals.push(error),
        onCrowded: () => undefined,
        ...(limits === undefined ? {} : { limits }),
      }),
    });
  let server = await start('127.0.0.1:0');
  const { address } = server;
  return {
    address,
    tls,
    refusals,
    turnedAway,
    sources: createRemoteContent((target, signal) => connectStream(target, tls.agent, signal)),
    origins: createTicketedOrigins({
      discovery: { list: () => [{ nodeName: 'node-1', address }] },
      tls: tls.controller,
      clock: systemClock,
    }),
    async restart() {
      await server.stop(0);
      server = await start(address);
    },
    [Symbol.asyncDispose]: () => server.stop(0),
  };
}
