import type { HostpathConfig } from '../backends/hostpath/config.ts';
import { createHostpathController } from '../backends/hostpath/controller.ts';
import { createHostpathNode } from '../backends/hostpath/node.ts';
import { listPoolsOf } from '../backends/hostpath/pool-nodes.ts';
import { systemClock } from '../base/clock.ts';
import { KeyedLock } from '../base/keyed-lock.ts';
import { Operations } from '../base/operations.ts';
import { DriverError } from '../domain/errors.ts';
import { createHost } from '../host/create-host.ts';
import { createFilesystems } from '../host/filesystems/index.ts';
import { createFormatter } from '../host/formatter.ts';
import type { Host } from '../host/host.ts';
import { startHttpServer } from '../observability/http.ts';
import type { Logger } from '../observability/logger.ts';
import { createMetrics } from '../observability/metrics.ts';
import type { RequestContext } from '../observability/request-context.ts';
import { createFileRegistry } from '../pools/file-registry.ts';
import { LocalStores } from '../pools/local-stores.ts';
import { loadCsiServiceTypes } from '../rpc/proto.ts';
import { startRpcServer } from '../rpc/server.ts';
import type { Config } from './config.ts';
import { createInterceptors } from './interceptors.ts';
import type { Lifetime } from './lifecycle.ts';
import { listPoolRoom } from './pool-room.ts';
import { Readiness, reportReadiness } from './readiness.ts';
import { planSockets, type ServedDriver } from './sockets.ts';

/** Bound on thawing what an earlier life left frozen; a file system that does not answer must not keep the others waiting. */
const RECOVERY_DEADLINE_MS = 10_000;

export interface AllInOneOptions {
  readonly config: Config;
  readonly version: string;
  readonly logger: Logger;
  readonly context: RequestContext;
}

/**
 * Controller and node of every configured driver in one process. Returns once the sockets are served; pools are opened in the
 * background, and Probe says ready when each has been tried. It stops in this order: sockets, operations under way, those that outlive their calls, pools, HTTP (which
 * tells of all that), host. Throws DriverError when it cannot serve at all.
 */
export async function startAllInOne(options: AllInOneOptions, lifetime: Lifetime): Promise<void> {
  const { stack, stopping } = lifetime;
  const { config, version, logger, context } = options;
  requireRoot();
  const { hostpath } = config.drivers;
  if (hostpath === undefined) throw new DriverError('INVALID_ARGUMENT', 'No driver is configured.');

  const host = createHost({ logger, clock: systemClock, runDirectory: config.runDirectory });
  stack.defer(() => host.close());
  lifetime.watchStuck(() => host.syscalls.countStuck());
  await thawLeftovers(host, logger, stopping);

  const locks = new KeyedLock();
  const stores = createStores(hostpath, { config, host, locks, logger });
  const operations = new Operations();
  const readiness = new Readiness();
  const metrics = createMetrics({
    version,
    operationsInFlight: () => operations.size,
    listPoolRoom: () => listPoolRoom(stores, systemClock),
  });
  if (config.http.address !== undefined) {
    const http = await startHttpServer({
      address: config.http.address,
      metrics,
      getReadiness: () => reportReadiness(readiness, stores),
      logger,
    });
    stack.defer(() => http.close());
  }

  let opening = Promise.resolve();
  stack.defer(() => stores.close());
  // A pool that is just being opened has to be open, or have failed, before it can be closed.
  stack.defer(() => opening);
  const node = createHostpathNode({ stores, host, nodeName: config.node.name, locks, logger });
  stack.defer(() => node.close?.());
  stack.defer(() => operations.stop(new Error('The program is stopping.')));

  const { driverName } = hostpath;
  const driver: ServedDriver = {
    driverName,
    version,
    endpoints: hostpath,
    controller: createHostpathController({ stores, logger }),
    node,
    ready: () => readiness.isReady,
  };
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
  logger.info('serving', { driver: driverName, version, node: config.node.name });

  stack.defer(() => readiness.stop());
  const opened = stores.open(stopping);
  const tracked = readiness.track(opened, logger);
  opening = opened.then(
    () => tracked,
    () => tracked,
  );
}

interface StoreDeps {
  readonly config: Config;
  readonly host: Host;
  readonly locks: KeyedLock;
  readonly logger: Logger;
}

function createStores(hostpath: HostpathConfig, { config, host, locks, logger }: StoreDeps): LocalStores {
  return new LocalStores({
    pools: listPoolsOf(hostpath.pools, config.node.name),
    host,
    formatter: createFormatter({ filesystems: createFilesystems(host), syscalls: host.syscalls, logger }),
    registry: createFileRegistry({
      stateDirectory: config.stateDirectory,
      driver: hostpath.driverName,
      clock: systemClock,
    }),
    driver: hostpath.driverName,
    clusterId: config.clusterId,
    nodeName: config.node.name,
    locks,
    clock: systemClock,
    logger: logger.child({ component: 'pools' }),
  });
}

/** Before anything is served: a file system that an earlier life left frozen holds up whoever writes to it. */
async function thawLeftovers(host: Host, logger: Logger, stopping: AbortSignal): Promise<void> {
  const deadline = AbortSignal.any([stopping, AbortSignal.timeout(RECOVERY_DEADLINE_MS)]);
  try {
    const thawed = await host.freezer.recover(deadline);
    if (thawed.length > 0) logger.warn('Thawed file systems that an earlier life left frozen', { thawed });
  } catch (error) {
    stopping.throwIfAborted();
    logger.error('Cannot thaw what an earlier life left frozen', { err: error });
  }
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new DriverError(
    'PERMISSION_DENIED',
    'This program mounts file systems and attaches loop devices: run it as root.',
  );
}
