import type { Operations } from '../base/operations.ts';
import type { Metrics } from '../observability/metrics.ts';
import { loadCsiServiceTypes } from '../rpc/proto.ts';
import { type RpcServer, startRpcServer } from '../rpc/server.ts';
import { createInterceptors } from './interceptors.ts';
import type { ProgramOptions } from './program.ts';
import { planSockets, type ServedDriver } from './sockets.ts';

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
