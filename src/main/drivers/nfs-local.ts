import { createNfsController } from '../../backends/nfs/controller.ts';
import type { NfsConfig, NfsPool } from '../../backends/nfs/config.ts';
import { createNfsNode } from '../../backends/nfs/node.ts';
import { releaseUnusedMounts } from '../../backends/nfs/node/release.ts';
import { NfsWorkers } from '../../backends/nfs/node/workers.ts';
import { systemClock } from '../../base/clock.ts';
import { KeyedLock } from '../../base/keyed-lock.ts';
import { alwaysHeld } from '../../base/lease.ts';
import { toPluginFeatures } from '../../csi/controller/capabilities.ts';
import { createFilesystems } from '../../host/filesystems/index.ts';
import { createFormatter } from '../../host/formatter.ts';
import { startWorkerProcess } from '../../host/worker-process.ts';
import { createLocalReports } from '../../pools/local-reports.ts';
import { LocalStores } from '../../pools/local-stores.ts';
import { type ConfiguredPool, createPoolOpener } from '../../pools/open-pool.ts';
import { createWorkerOpener } from '../../pools/worker/worker-opener.ts';
import { gatePools } from '../gated-pools.ts';
import { getPoolWorkerPath } from '../pool-worker-path.ts';
import type {
  AllInOneDriver,
  AllInOneDriverDeps,
  LocalDriver,
  LocalDriverDeps,
  LocalDriverEntry,
  LocalPools,
} from './local-driver.ts';
import { isServedBy, isSharedPool } from './nfs.ts';

/** So many file operations of one pool can hang at once before its other ones wait. */
const WORKER_FILE_THREADS = 96;

/** NFS on a machine: on a node the mounts of its pods, and the pools that no server has an agent for; on a server its own pools. */
export const nfsLocal: LocalDriverEntry = { createNode, createAllInOne, createAgent };

function createNode(deps: LocalDriverDeps): Required<LocalDriver> | undefined {
  const { logger, config } = deps.options;
  const { nfs } = config.drivers;
  if (nfs === undefined) return undefined;
  const nodeName = config.node.name;
  const { mountDirectory } = nfs;
  const workers = createWorkers(nfs, deps);
  const served = nfs.pools.filter((pool) => isServedBy(pool, nodeName));
  const shared = nfs.pools.filter(isSharedPool);
  const pools = joinPools(nfs, [
    createServedStores(served, nfs, deps),
    new LocalStores({
      ...toStoresDeps(nfs, deps),
      pools: shared.map(toConfiguredPool),
      opener: createWorkerOpener(workers),
    }),
  ]);
  return {
    pools: {
      ...pools,
      listWorkers: () =>
        workers.list().map(({ pool, worker }) => ({
          driver: nfs.driverName,
          pool: pool.name,
          isRunning: worker.isRunning,
          stuck: worker.abandoned,
        })),
      async open(signal) {
        await pools.open(signal);
        // An earlier life may have been ended before it could.
        await releaseUnusedMounts({ workers, mountDirectory, mounts: deps.host.mounts, logger }, signal);
      },
      async close() {
        await pools.close();
        await workers.close();
      },
    },
    csi: {
      endpoints: nfs,
      features: toPluginFeatures(createNfsController({ stores: { list: () => [] }, logger })),
      node: createNfsNode(
        {
          workers,
          mountDirectory: nfs.mountDirectory,
          mounts: deps.host.mounts,
          syscalls: deps.host.syscalls,
          logger,
        },
        { nodeId: nodeName },
      ),
    },
  };
}

function createAgent(deps: LocalDriverDeps): LocalDriver | undefined {
  const { config } = deps.options;
  const { nfs } = config.drivers;
  if (nfs === undefined) return undefined;
  const served = nfs.pools.filter((pool) => isServedBy(pool, config.node.name));
  return { pools: joinPools(nfs, [createServedStores(served, nfs, deps)]) };
}

function createAllInOne(deps: AllInOneDriverDeps): AllInOneDriver | undefined {
  const local = createNode(deps);
  if (local === undefined) return undefined;
  const { options, registry, clusterId, sources } = deps;
  const { logger, config } = options;
  const { driver, stores, settingsOf } = local.pools;
  // This program is the only agent of its pools: there is nobody to share them with.
  const gated = gatePools({
    driver,
    clusterId,
    registry,
    reports: createLocalReports({ driver, nodeName: config.node.name, stores, settingsOf }),
    stores,
    isRegisteredWhenOpen: true,
    lease: alwaysHeld,
    clock: systemClock,
    logger: logger.child({ component: 'pools' }),
  });
  const controller = createNfsController({
    stores: gated.stores,
    sources,
    released: gated.released,
    logger,
  });
  return { pools: local.pools, csi: { ...local.csi, controller }, gated };
}

function createWorkers(nfs: NfsConfig, { options, clusterId, contents }: LocalDriverDeps): NfsWorkers {
  const { config, logger } = options;
  const { mountDirectory, driverName } = nfs;
  const { stateDirectory, runDirectory, log } = config;
  return new NfsWorkers({
    pools: nfs.pools,
    setup: {
      driver: driverName,
      nodeName: config.node.name,
      clusterId,
      mountDirectory,
      stateDirectory,
      runDirectory,
      log,
    },
    start: () => startWorkerProcess({ program: getPoolWorkerPath(), fileThreads: WORKER_FILE_THREADS }),
    contents,
    logger: logger.child({ component: 'pools' }),
  });
}

/** The pools whose server this machine is: they are worked on where they are, with the quotas and the reflinks of their file system. */
function createServedStores(pools: readonly NfsPool[], nfs: NfsConfig, deps: LocalDriverDeps): LocalStores {
  const stores = toStoresDeps(nfs, deps);
  const { host } = deps;
  const { logger } = deps.options;
  const formatter = createFormatter({
    filesystems: createFilesystems(host),
    syscalls: host.syscalls,
    logger,
  });
  const opening = { ...stores, host, formatter, locks: new KeyedLock(), contents: deps.contents };
  return new LocalStores({
    ...stores,
    pools: pools.map(toConfiguredPool),
    opener: createPoolOpener(opening),
  });
}

function toStoresDeps(
  { driverName }: NfsConfig,
  { options, registry, clusterId }: LocalDriverDeps,
): Omit<ConstructorParameters<typeof LocalStores>[0], 'pools' | 'opener'> {
  const { config, logger } = options;
  return {
    registry,
    clusterId,
    nodeName: config.node.name,
    driver: driverName,
    clock: systemClock,
    logger: logger.child({ component: 'pools' }),
  };
}

/** Where a worker mounts the pool is its own matter. */
function toConfiguredPool(pool: NfsPool): ConfiguredPool {
  const { name, overcommit, lowWaterPercent } = pool;
  const same = { name, overcommit, lowWaterPercent, hasClients: true };
  if (pool.type === 'shared') return { ...same, path: pool.path, backing: { type: 'none' } };
  const { path, mountPoint } = pool.agent ?? { path: pool.export };
  return { ...same, path, backing: { type: 'none', ...(mountPoint === undefined ? {} : { mountPoint }) } };
}

/** All pools of the driver on this machine as one offer. */
function joinPools(nfs: NfsConfig, all: readonly LocalStores[]): LocalPools {
  const find = (poolName: string): LocalStores | undefined =>
    all.find((stores) => stores.list().some((entry) => entry.poolName === poolName));
  return {
    driver: nfs.driverName,
    stores: {
      list: () => all.flatMap((stores) => stores.list()),
      listFormer: () => {
        const present = new Set(all.flatMap((stores) => stores.list()).map(({ poolId }) => poolId));
        const former = all[0]?.listFormer() ?? [];
        return former.filter(({ poolId }) => !present.has(poolId));
      },
    },
    admission: {
      list: () => all.flatMap((stores) => stores.admission.list()),
      admit: async (request, signal) => await find(request.poolName)?.admission.admit(request, signal),
    },
    settingsOf: (poolName) => {
      const pool = nfs.pools.find(({ name }) => name === poolName);
      const isShared = pool !== undefined && isSharedPool(pool);
      return { releaseAfterSeconds: undefined, ...(isShared ? { isShared } : {}) };
    },
    open: async (signal) => void (await Promise.all(all.map(async (stores) => await stores.open(signal)))),
    close: async () => void (await Promise.all(all.map(async (stores) => await stores.close()))),
  };
}
