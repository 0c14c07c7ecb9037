import type { Server } from '@grpc/grpc-js';
import { ServerCredentials } from '@grpc/grpc-js';
import type { SocketAccess } from '../config/schema.ts';
import { DriverError } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { createGrpcServer, drain } from './grpc-server.ts';
import type { Interceptor } from './interceptor.ts';
import type { Service } from './service.ts';
import type { BoundSocket } from './unix-socket.ts';
import { bindSocket } from './unix-socket.ts';

/** One socket and what is offered on it. */
export interface SocketPlan {
  readonly path: string;
  /** CSI name of the driver; a label of metrics and logs. */
  readonly driver: string;
  readonly services: readonly Service[];
}

/** What {@link startRpcServer} needs. */
export interface RpcServerOptions {
  readonly sockets: readonly SocketPlan[];
  /** Around every call, the first one outermost. */
  readonly interceptors: readonly Interceptor[];
  readonly access: SocketAccess;
  readonly logger: Logger;
}

/** Sockets that are being served. */
export interface RpcServer {
  /**
   * Takes no new calls, lets those under way end for `deadlineMs`, then cuts them off, and removes the sockets. Idempotent:
   * later calls wait for the first.
   */
  stop(deadlineMs: number): Promise<void>;
}

interface Listener {
  readonly server: Server;
  readonly socket: BoundSocket;
}

/**
 * Serves all sockets, or none: when one cannot be had, those before it are closed again and the error is thrown
 * (PRECONDITION_FAILED for a path that is taken).
 */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { logger } = options;
  const listeners: Listener[] = [];
  try {
    for (const plan of options.sockets) {
      listeners.push(await listen(plan, options));
      logger.info('listening', {
        socket: plan.path,
        driver: plan.driver,
        services: plan.services.map((service) => service.name),
      });
    }
  } catch (error) {
    await stopAll(listeners, 0, logger);
    throw error;
  }
  let stopped: Promise<void> | undefined;
  return {
    stop: (deadlineMs) => (stopped ??= stopAll(listeners, deadlineMs, logger)),
  };
}

async function listen(plan: SocketPlan, options: RpcServerOptions): Promise<Listener> {
  const server = createGrpcServer({ ...plan, interceptors: options.interceptors });
  try {
    const socket = await bindSocket(plan.path, options.access, (path) => bind(server, path));
    return { server, socket };
  } catch (error) {
    server.forceShutdown();
    if (error instanceof DriverError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new DriverError('PRECONDITION_FAILED', `Cannot listen on ${plan.path}: ${why}.`, { cause: error });
  }
}

async function bind(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => {
    if (error === null) resolve();
    else reject(error);
  });
  await promise;
}

async function stopAll(listeners: readonly Listener[], deadlineMs: number, logger: Logger): Promise<void> {
  await Promise.all(
    listeners.map(async ({ server, socket }) => {
      const [isDrained] = await Promise.all([drain(server, deadlineMs), socket.remove()]);
      if (isDrained) return;
      logger.warn('cut off calls that did not end in time', { socket: socket.path, deadlineMs });
      server.forceShutdown();
    }),
  );
}
