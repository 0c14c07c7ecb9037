import { createRemoteContent } from '../agent/content-client.ts';
import { createContentSources } from '../agent/content-sources.ts';
import { systemClock } from '../base/clock.ts';
import { raceAbort } from '../base/keyed-lock.ts';
import { Operations } from '../base/operations.ts';
import { joinStores } from '../filestore/join-stores.ts';
import { Trouble } from '../observability/trouble.ts';
import { waitForFileTls } from '../rpc/file-tls.ts';
import { connectStream } from '../rpc/tls-stream.ts';
import { AGENT_TLS_NAME } from '../rpc/tls.ts';
import { serveAgent } from './agent-server.ts';
import type { LocalDriver, LocalDriverDeps } from './drivers/local-driver.ts';
import { holdPools } from './hold-pools.ts';
import type { Lifetime } from './lifecycle.ts';
import { startMachine } from './machine.ts';
import { observe } from './observe.ts';
import { listPoolRoom } from './pool-room.ts';
import type { ProgramOptions } from './program.ts';
import { Readiness, reportReadiness } from './readiness.ts';
import { getSection } from './roles.ts';
import { holdServers, serveDriver } from './serve.ts';
import { createStateRegistry } from './state-registry.ts';

/**
 * For how long certificates that are not there keep the program from showing that it has started. In Kubernetes they come from a Secret that a controller
 * makes meanwhile, and kubelet looks for it when the startup probe succeeds, then only after a minute or more: docs/adr/0015.
 */
const CERTIFICATES_WITHIN_MS = 10_000;

/**
 * A machine whose pools an agent offers to controllers, with the CSI sockets of drivers that have some. Returns once all of that is served, for which the agent
 * may have to wait for its certificates, without end; pools are opened in the background. Stops as all-in-one does. Throws DriverError when it
 * cannot serve at all.
 */
export async function offerPools(
  options: ProgramOptions,
  lifetime: Lifetime,
  createDrivers: (deps: LocalDriverDeps) => readonly LocalDriver[],
): Promise<void> {
  const { stack, stopping } = lifetime;
  const { config, version, logger } = options;
  const directory = getSection(config.tls?.directory, 'tls.directory');

  const host = await startMachine(options, lifetime);
  const readiness = new Readiness();
  const trouble = new Trouble(logger);
  readiness.watch(() => trouble.sentence);
  const coming = waitForFileTls(
    { directory, ownName: AGENT_TLS_NAME, clock: systemClock, logger, trouble },
    stopping,
  );
  stack.defer(async () => await coming.then((tls) => tls.close(), ignore));
  await waitAtMost(coming, CERTIFICATES_WITHIN_MS, stopping);
  const drivers: LocalDriver[] = [];
  const stores = joinStores(() => drivers.map(({ pools }) => pools.stores));
  const remote = createRemoteContent(async (target, signal) => {
    return await connectStream(target, await raceAbort(coming, signal), signal);
  });
  const deps = {
    options,
    host,
    registry: createStateRegistry(config),
    clusterId: undefined,
    contents: createContentSources({ stores: () => stores, remote }),
  };
  drivers.push(...createDrivers(deps));
  const offers = drivers.map(({ pools }) => pools);
  const operations = new Operations();
  const metrics = await observe(options, lifetime, {
    operationsInFlight: () => operations.size,
    listPoolRoom: () => listPoolRoom(offers, systemClock),
    listWorkers: () => offers.flatMap((pools) => pools.listWorkers?.() ?? []),
    getReadiness: () => reportReadiness(readiness, offers),
  });
  const opening = holdPools(drivers, lifetime);
  stack.defer(() => operations.stop(new Error('The program is stopping.')));

  const servers = holdServers(stack, options);
  for (const { pools, csi } of drivers) {
    if (csi !== undefined) {
      const served = { ...csi, driverName: pools.driver, version, ready: () => readiness.isReady };
      servers.add(await serveDriver(served, options, { metrics, operations }));
    }
    logger.info('serving', { driver: pools.driver, version, node: config.node.name });
  }
  stack.defer(() => readiness.stop());
  opening.start(Promise.resolve(), readiness, logger);

  const tls = await coming;
  servers.add(await serveAgent({ offers, tls, metrics, operations }, options));
}

/** Throws what the work throws before that, and the signal's reason. */
async function waitAtMost(work: Promise<unknown>, ms: number, signal: AbortSignal): Promise<void> {
  const end = new AbortController();
  const late = systemClock.sleep(ms, AbortSignal.any([signal, end.signal]));
  try {
    await Promise.race([work, late]);
  } finally {
    end.abort();
    await late.catch(ignore);
  }
}

function ignore(): void {}
