import type { HostpathConfig } from '../../backends/hostpath/config.ts';
import { createHostpathController } from '../../backends/hostpath/controller.ts';
import { createHostpathNode } from '../../backends/hostpath/node.ts';
import { listPoolsOf } from '../../backends/hostpath/pool-nodes.ts';
import { systemClock } from '../../base/clock.ts';
import { KeyedLock } from '../../base/keyed-lock.ts';
import { alwaysHeld } from '../../base/lease.ts';
import { toPluginFeatures } from '../../csi/controller/capabilities.ts';
import { createFilesystems } from '../../host/filesystems/index.ts';
import { createFormatter } from '../../host/formatter.ts';
import { createLocalReports } from '../../pools/local-reports.ts';
import { LocalStores } from '../../pools/local-stores.ts';
import { createPoolOpener, getNodeLossPolicy, type OpenPoolDeps } from '../../pools/open-pool.ts';
import { gatePools } from '../gated-pools.ts';
import type {
  AllInOneDriver,
  AllInOneDriverDeps,
  LocalDriver,
  LocalDriverDeps,
  LocalDriverEntry,
} from './local-driver.ts';

/** Host-path on a machine: the pools that the configuration gives to this node, and what is done with them here. */
export const hostpathLocal: LocalDriverEntry = { createNode, createAllInOne };

function createNode(deps: LocalDriverDeps): Required<LocalDriver> | undefined {
  const { logger, config } = deps.options;
  const { hostpath } = config.drivers;
  if (hostpath === undefined) return undefined;
  const nodeName = config.node.name;
  const locks = new KeyedLock();
  const stores = createStores(hostpath, deps, locks);
  return {
    pools: {
      driver: hostpath.driverName,
      stores,
      admission: stores.admission,
      settingsOf: (poolName) => findPoolSettings(hostpath, nodeName, poolName),
      open: async (signal) => await stores.open(signal),
      close: async () => await stores.close(),
    },
    csi: {
      endpoints: hostpath,
      // What the driver announces as a whole follows from its controller half, which needs no pools for that.
      features: toPluginFeatures(createHostpathController({ stores: { list: () => [] }, logger })),
      node: createHostpathNode({ stores, host: deps.host, nodeName, locks, logger }),
    },
  };
}

function createAllInOne(deps: AllInOneDriverDeps): AllInOneDriver | undefined {
  const local = createNode(deps);
  if (local === undefined) return undefined;
  const { options, registry, clusterId, sources } = deps;
  const { logger, config } = options;
  const { driver, stores, settingsOf } = local.pools;
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
  const controller = createHostpathController({
    stores: gated.stores,
    sources,
    released: gated.released,
    logger,
  });
  return { pools: local.pools, csi: { ...local.csi, controller }, gated };
}

function createStores(
  hostpath: HostpathConfig,
  { options, host, registry, clusterId, contents }: LocalDriverDeps,
  locks: KeyedLock,
): LocalStores {
  const { logger, config } = options;
  const nodeName = config.node.name;
  const pools = listPoolsOf(hostpath.pools, nodeName);
  if (pools.length === 0) {
    logger.warn('No pool is configured for this node: volumes can neither be made nor used here', {
      node: nodeName,
      pools: hostpath.pools.map((pool) => `${pool.name}: ${pool.nodes?.join(', ') ?? ''}`),
    });
  }
  const opening: OpenPoolDeps = {
    host,
    formatter: createFormatter({ filesystems: createFilesystems(host), syscalls: host.syscalls, logger }),
    registry,
    driver: hostpath.driverName,
    clusterId,
    nodeName,
    locks,
    contents,
    clock: systemClock,
    logger: logger.child({ component: 'pools' }),
  };
  return new LocalStores({ ...opening, pools, opener: createPoolOpener(opening) });
}

/** What the registry is to keep of the settings of this node's pools. */
function findPoolSettings(
  hostpath: HostpathConfig,
  nodeName: string,
  poolName: string,
): { readonly releaseAfterSeconds: number | undefined } {
  const pool = listPoolsOf(hostpath.pools, nodeName).find(({ name }) => name === poolName);
  const policy = pool === undefined ? undefined : getNodeLossPolicy(pool);
  return { releaseAfterSeconds: policy?.action === 'release' ? policy.afterSeconds : undefined };
}
