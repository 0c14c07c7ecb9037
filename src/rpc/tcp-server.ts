import type { Server } from '@grpc/grpc-js';
import { ServerCredentials } from '@grpc/grpc-js';
import { once } from 'node:events';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { createServer } from 'node:net';
import { raceAbort } from '../base/keyed-lock.ts';
import { DriverError } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { createGrpcServer, drain, type Offer } from './grpc-server.ts';
import type { TlsServerOptions } from './tls-listener.ts';
import type { StreamOffer } from './stream.ts';
import { createTlsListener } from './tls-listener.ts';

/** What is offered on a TCP port. */
export interface TcpPlan extends Omit<Offer, 'peer'> {
  /** `0.0.0.0:9810` or `[::]:9810`; port 0 takes a free one. */
  readonly address: string;
  /** `insecure` is for tests. */
  readonly security: TlsServerOptions | 'insecure';
  readonly logger: Logger;
  /** What else is offered there; only with TLS. */
  readonly streams?: StreamOffer;
}

/** A TCP port that is being served. */
export interface TcpServer {
  /** Where it listens, with the port that it got: `127.0.0.1:43210`. */
  readonly address: string;
  /** As the server on unix sockets: no new calls, those under way may end within `deadlineMs`. Idempotent. */
  stop(deadlineMs: number): Promise<void>;
}

/** A gRPC server for the callers of one kind. */
interface Desk {
  readonly server: Server;
  /** Connections that are not closed yet. */
  readonly sockets: ReadonlySet<Socket>;
  accept(socket: Socket): void;
  /** Asks those who are connected to connect anew; what they have under way ends as it would. */
  renew(): void;
}

/**
 * Serves one TCP port. Each kind of caller has a gRPC server of its own, chosen by the name in its certificate when it connects, so that
 * nothing that a call carries can make it another one's. Throws PRECONDITION_FAILED when the port is taken.
 */
export async function startTcpServer(plan: TcpPlan): Promise<TcpServer> {
  const { security, logger } = plan;
  const desks = new Map(
    security === 'insecure'
      ? [['', createDesk(plan)]]
      : security.peers.map((peer) => [peer, createDesk({ ...plan, peer })]),
  );
  const listener = createListener(plan, desks);
  const sockets = new Set<Socket>();
  listener.server.on('connection', (socket: Socket) => track(sockets, socket));
  try {
    await listen(listener.server, plan.address);
  } catch (error) {
    listener[Symbol.dispose]();
    throw error;
  }
  const address = formatAddress(listener.server.address());
  logger.info('listening', { address, services: plan.services.map((service) => service.name) });

  const stop = async (deadlineMs: number): Promise<void> => {
    listener.server.close();
    listener[Symbol.dispose]();
    const drained = await Promise.all([...desks.values()].map((desk) => drainDesk(desk, deadlineMs)));
    if (drained.includes(false)) {
      logger.warn('cut off calls that did not end in time', { address, deadlineMs });
      for (const { server } of desks.values()) server.forceShutdown();
    }
    for (const socket of sockets) socket.destroy();
  };
  let stopped: Promise<void> | undefined;
  return { address, stop: (deadlineMs) => (stopped ??= stop(deadlineMs)) };
}

function createDesk(offer: Offer): Desk {
  const server = createGrpcServer(offer);
  const sockets = new Set<Socket>();
  const createInjector = () => server.createConnectionInjector(ServerCredentials.createInsecure());
  let injector = createInjector();
  return {
    server,
    sockets,
    accept(socket) {
      track(sockets, socket);
      injector.injectConnection(socket);
    },
    renew() {
      const before = injector;
      injector = createInjector();
      before.destroy();
    },
  };
}

function createListener(
  { security, streams, logger }: TcpPlan,
  desks: ReadonlyMap<string, Desk>,
): Disposable & { readonly server: NetServer } {
  if (security === 'insecure') {
    const server = createServer((socket) => desks.get('')?.accept(socket));
    return { server, [Symbol.dispose]: () => undefined };
  }
  const accept = new Map(
    [...desks].map(([peer, desk]) => [peer, (socket: Socket) => desk.accept(socket)] as const),
  );
  const onRenewed = (): void => {
    for (const desk of desks.values()) desk.renew();
  };
  return createTlsListener(security, { accept, streams, onRenewed, logger });
}

function track(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
}

/** As {@link drain}, which for connections that were handed over does not wait until they have said all that they have to. */
async function drainDesk({ server, sockets }: Desk, deadlineMs: number): Promise<boolean> {
  const open = [...sockets].map((socket) => once(socket, 'close'));
  const deadline = AbortSignal.timeout(deadlineMs);
  if (!(await drain(server, deadlineMs))) return false;
  return await raceAbort(Promise.all(open), deadline).then(
    () => true,
    () => false,
  );
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
