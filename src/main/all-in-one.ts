import { createContentSources } from '../agent/content-sources.ts';
import { systemClock } from '../base/clock.ts';
import { Operations } from '../base/operations.ts';
import { toPluginFeatures } from '../csi/controller/capabilities.ts';
import { joinStores } from '../filestore/join-stores.ts';
import { DEFAULT_CLUSTER_ID } from './default-cluster-id.ts';
import type { AllInOneDriver, LocalDriverEntry } from './drivers/local-driver.ts';
import { LOCAL_DRIVERS } from './drivers/locals.ts';
import { holdPools, settleAll } from './hold-pools.ts';
import type { Lifetime } from './lifecycle.ts';
import { startMachine } from './machine.ts';
import { observe } from './observe.ts';
import { listPoolRoom } from './pool-room.ts';
import type { ProgramOptions } from './program.ts';
import { Readiness, reportReadiness } from './readiness.ts';
import { holdServers, serveDriver } from './serve.ts';
import { createStateRegistry } from './state-registry.ts';

/**
 * Controller and node of every configured driver in one process. Returns once the sockets are served; pools are opened in the
 * background, and Probe says ready when each has been tried. It stops in this order: sockets, operations under way, those that outlive their calls, pools, HTTP (which
 * tells of all that), host. Throws DriverError when it cannot serve at all.
 */
export async function startAllInOne(
  options: ProgramOptions,
  lifetime: Lifetime,
  entries: readonly LocalDriverEntry[] = Object.values(LOCAL_DRIVERS),
): Promise<void> {
  const { stack, stopping } = lifetime;
  const { config, version, logger } = options;

  const host = await startMachine(options, lifetime);
  const drivers: AllInOneDriver[] = [];
  const stores = joinStores(() => drivers.map(({ pools }) => pools.stores));
  const deps = {
    options,
    host,
    registry: createStateRegistry(config),
    clusterId: config.clusterId ?? DEFAULT_CLUSTER_ID,
    contents: createContentSources({ stores: () => stores }),
    sources: joinStores(() => drivers.map(({ gated }) => gated.stores)),
  };
  drivers.push(...entries.flatMap((entry) => entry.createAllInOne(deps) ?? []));
  const operations = new Operations();
  const readiness = new Readiness();
  for (const { gated } of drivers) readiness.watch(() => gated.findObstacle());
  const seen = drivers.map(({ pools }) => pools);
  const metrics = await observe(options, lifetime, {
    operationsInFlight: () => operations.size,
    listPoolRoom: () => listPoolRoom(seen, systemClock),
    listWorkers: () => seen.flatMap((pools) => pools.listWorkers?.() ?? []),
    getReadiness: () => reportReadiness(readiness, seen),
  });
  const opening = holdPools(drivers, lifetime);
  stack.defer(() => settleAll(drivers.map(async ({ gated }) => await gated.close())));
  stack.defer(() => operations.stop(new Error('The program is stopping.')));

  const servers = holdServers(stack, options);
  for (const { pools, csi } of drivers) {
    const served = {
      ...csi,
      driverName: pools.driver,
      version,
      features: toPluginFeatures(csi.controller),
      ready: () => readiness.isReady,
    };
    servers.add(await serveDriver(served, options, { metrics, operations }));
    logger.info('serving', { driver: pools.driver, version, node: config.node.name });
  }

  stack.defer(() => readiness.stop());
  const supervised = settleAll(drivers.map(async ({ gated }) => await gated.start(stopping)));
  opening.start(supervised, readiness, logger);
}
