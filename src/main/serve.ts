import type { Operations } from '../base/operations.ts';
import type { Metrics } from '../observability/metrics.ts';
import { loadCsiServiceTypes } from '../rpc/proto.ts';
import { startRpcServer } from '../rpc/server.ts';
import { createInterceptors } from './interceptors.ts';
import type { Lifetime } from './lifecycle.ts';
import type { ProgramOptions } from './program.ts';
import { planSockets, type ServedDriver } from './sockets.ts';

/** Serves a driver's CSI sockets until the program stops: no new calls then, and those under way may end within their time. */
export async function serveDriver(
  driver: ServedDriver,
  { config, logger, context }: ProgramOptions,
  {
    stack,
    metrics,
    operations,
  }: Pick<Lifetime, 'stack'> & {
    readonly metrics: Metrics;
    readonly operations: Operations;
  },
): Promise<void> {
  const server = await startRpcServer({
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
  stack.defer(() => server.stop(config.limits.shutdownSeconds * 1000));
}
