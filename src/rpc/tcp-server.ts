import type { Server } from '@grpc/grpc-js';
import { ServerCredentials } from '@grpc/grpc-js';
import { once } from 'node:events';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { createServer } from 'node:net';
import { DriverError } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { createGrpcServer, drain, type Offer } from './grpc-server.ts';
import type { TlsServerOptions } from './tls-listener.ts';
import { createTlsListener } from './tls-listener.ts';

/** What is offered on a TCP port. */
export interface TcpPlan extends Omit<Offer, 'peer'> {
  /** `0.0.0.0:9810` or `[::]:9810`; port 0 takes a free one. */
  readonly address: string;
  /** `insecure` is for tests. */
  readonly security: TlsServerOptions | 'insecure';
  readonly logger: Logger;
}

/** A TCP port that is being served. */
export interface TcpServer {
  /** Where it listens, with the port that it got: `127.0.0.1:43210`. */
  readonly address: string;
  /** As the server on unix sockets: no new calls, those under way may end within `deadlineMs`. Idempotent. */
  stop(deadlineMs: number): Promise<void>;
}

/** Hands a connection over to gRPC. */
type Inject = (socket: Socket) => void;

/**
 * Serves one TCP port. Each kind of caller has a gRPC server of its own, chosen by the name in its certificate when it connects, so that
 * nothing that a call carries can make it another one's. Throws PRECONDITION_FAILED when the port is taken.
 */
export async function startTcpServer(plan: TcpPlan): Promise<TcpServer> {
  const { security, logger } = plan;
  const servers: Server[] = [];
  const createInject = (peer?: string): Inject => {
    const server = createGrpcServer(peer === undefined ? plan : { ...plan, peer });
    servers.push(server);
    const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
    return (socket) => injector.injectConnection(socket);
  };
  const listener =
    security === 'insecure'
      ? createPlainListener(createInject())
      : createTlsListener(security, new Map(security.peers.map((peer) => [peer, createInject(peer)])));
  const sockets = trackSockets(listener.server);
  await listen(listener.server, plan.address);
  const address = formatAddress(listener.server.address());
  logger.info('listening', { address, services: plan.services.map((service) => service.name) });

  const stop = async (deadlineMs: number): Promise<void> => {
    listener.server.close();
    listener[Symbol.dispose]();
    const drained = await Promise.all(servers.map((server) => drain(server, deadlineMs)));
    if (drained.includes(false)) {
      logger.warn('cut off calls that did not end in time', { address, deadlineMs });
      for (const server of servers) server.forceShutdown();
    }
    for (const socket of sockets) socket.destroy();
  };
  let stopped: Promise<void> | undefined;
  return { address, stop: (deadlineMs) => (stopped ??= stop(deadlineMs)) };
}

function createPlainListener(inject: Inject): Disposable & { readonly server: NetServer } {
  return { server: createServer(inject), [Symbol.dispose]: () => undefined };
}

/** Connections that nobody has closed yet, those included that never got as far as a call. */
function trackSockets(server: NetServer): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

async function listen(server: NetServer, address: string): Promise<void> {
  const { host, port } = parseAddress(address);
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DriverError('PRECONDITION_FAILED', `Cannot listen on ${address}: ${why}.`, { cause: error });
  }
}

function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      `"${address}" is no address to listen on: write host:port, an IPv6 host in brackets.`,
    );
  }
  return { host, port: Number(match?.[3]) };
}

function formatAddress(bound: AddressInfo | string | null): string {
  if (bound === null || typeof bound === 'string') return String(bound);
  return bound.family === 'IPv6' ? `[${bound.address}]:${bound.port}` : `${bound.address}:${bound.port}`;
}
