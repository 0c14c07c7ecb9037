import type { HostpathConfig } from '../backends/hostpath/config.ts';
import { createHostpathNode } from '../backends/hostpath/node.ts';
import { listPoolsOf } from '../backends/hostpath/pool-nodes.ts';
import type { NodeBackend } from '../backends/backend.ts';
import { createContentSources } from '../agent/content-sources.ts';
import { systemClock } from '../base/clock.ts';
import { KeyedLock } from '../base/keyed-lock.ts';
import type { ContentSources } from '../filestore/content/content.ts';
import { createFilesystems } from '../host/filesystems/index.ts';
import { createFormatter } from '../host/formatter.ts';
import type { Host } from '../host/host.ts';
import { LocalStores } from '../pools/local-stores.ts';
import { getNodeLossPolicy } from '../pools/open-pool.ts';
import type { PoolRegistry } from '../pools/registry.ts';
import type { Lifetime } from './lifecycle.ts';
import type { ProgramOptions } from './program.ts';
import type { Readiness } from './readiness.ts';

/** This machine's own pools, and the node half that works with them. */
export interface LocalPools {
  readonly stores: LocalStores;
  readonly node: NodeBackend;
}

/** What they are made with. */
export interface LocalPoolsDeps {
  readonly host: Host;
  /** Of this machine alone. */
  readonly registry: PoolRegistry;
  /** Undefined where controllers admit pools. */
  readonly clusterId: string | undefined;
  /** The way to content of other nodes. Default: there are none. */
  readonly remoteContents?: ContentSources;
}

/** Makes the pools that the configuration gives to this node; none of them is opened yet. */
export function createLocalPools(
  hostpath: HostpathConfig,
  { config, logger }: ProgramOptions,
  { host, registry, clusterId, remoteContents }: LocalPoolsDeps,
): LocalPools {
  const nodeName = config.node.name;
  const pools = listPoolsOf(hostpath.pools, nodeName);
  if (pools.length === 0) {
    logger.warn('No pool is configured for this node: volumes can neither be made nor used here', {
      node: nodeName,
      pools: hostpath.pools.map((pool) => `${pool.name}: ${pool.nodes?.join(', ') ?? ''}`),
    });
  }
  const locks = new KeyedLock();
  const stores: LocalStores = new LocalStores({
    pools,
    host,
    formatter: createFormatter({ filesystems: createFilesystems(host), syscalls: host.syscalls, logger }),
    registry,
    driver: hostpath.driverName,
    clusterId,
    nodeName,
    locks,
    contents: createContentSources({
      stores: () => stores,
      ...(remoteContents === undefined ? {} : { remote: remoteContents }),
    }),
    clock: systemClock,
    logger: logger.child({ component: 'pools' }),
  });
  return { stores, node: createHostpathNode({ stores, host, nodeName, locks, logger }) };
}

/** Has the pools closed when the program stops, after what was registered later. Opening them is the last step: {@link Opening.start}. */
export function holdLocalPools({ stores, node }: LocalPools, { stack, stopping }: Lifetime): Opening {
  let opening = Promise.resolve();
  stack.defer(() => stores.close());
  // A pool that is just being opened has to be open, or have failed, before it can be closed.
  stack.defer(() => opening);
  stack.defer(() => node.close?.());
  return {
    start(first, readiness, logger) {
      const opened = Promise.all([first, stores.open(stopping)]).then(() => undefined);
      const tracked = readiness.track(opened, logger, stopping);
      opening = opened.then(
        () => tracked,
        () => tracked,
      );
    },
  };
}

/** How the pools are opened in the background. */
export interface Opening {
  /** Returns at once; the program is ready when each pool has been tried, and `first` is done as well. */
  start(first: Promise<void>, readiness: Readiness, logger: ProgramOptions['logger']): void;
}

/** What the registry is to keep of the settings of this node's pools. */
export function findPoolSettings(
  hostpath: HostpathConfig,
  nodeName: string,
  poolName: string,
): { readonly releaseAfterSeconds: number | undefined } {
  const pool = listPoolsOf(hostpath.pools, nodeName).find(({ name }) => name === poolName);
  const policy = pool === undefined ? undefined : getNodeLossPolicy(pool);
  return { releaseAfterSeconds: policy?.action === 'release' ? policy.afterSeconds : undefined };
}
