import type { Operations } from '../base/operations.ts';
import type { Metrics } from '../observability/metrics.ts';
import { loadCsiServiceTypes } from '../rpc/proto.ts';
import { type RpcServer, startRpcServer } from '../rpc/server.ts';
import { createInterceptors } from './interceptors.ts';
import type { ProgramOptions } from './program.ts';
import { planSockets, type ServedDriver } from './sockets.ts';

/** Servers of this program. */
export interface Servers {
  add(server: Pick<RpcServer, 'stop'>): void;
}

/** Has all servers that are added stopped with the program, after what was registered later. All are given their time at once, so that it takes no longer than for one. */
export function holdServers(
  stack: Pick<AsyncDisposableStack, 'defer'>,
  { config }: Pick<ProgramOptions, 'config'>,
): Servers {
  const servers: Pick<RpcServer, 'stop'>[] = [];
  const stopWithinMs = config.limits.shutdownSeconds * 1000;
  stack.defer(async () => {
    await Promise.all(servers.map(async (server) => await server.stop(stopWithinMs)));
  });
  return { add: (server) => void servers.push(server) };
}

/** Serves a driver's CSI sockets. */
export async function serveDriver(
  driver: ServedDriver,
  { config, logger, context }: ProgramOptions,
  { metrics, operations }: { readonly metrics: Metrics; readonly operations: Operations },
): Promise<RpcServer> {
  return await startRpcServer({
    sockets: planSockets(driver, loadCsiServiceTypes()),
    interceptors: createInterceptors({
      context,
      metrics,
      logger,
      operations,
      operationSeconds: config.limits.operationSeconds,
    }),
    access: config.sockets,
    logger,
  });
}
