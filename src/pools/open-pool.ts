import type { Clock } from '../base/clock.ts';
import type { KeyedLock } from '../base/keyed-lock.ts';
import type { DriverError } from '../domain/errors.ts';
import type { LocalFileStore } from '../filestore/file-store.ts';
import { openLocalStore } from '../filestore/open-store.ts';
import { createStorePaths } from '../filestore/paths.ts';
import { ensurePoolMounted } from '../filestore/pool/mount-pool.ts';
import { lockPool } from '../filestore/pool/pool-lock.ts';
import type { PoolPlace } from '../filestore/pool/pool-backing.ts';
import { ensurePoolRecord } from '../filestore/pool/pool-record-file.ts';
import type { PoolSettings } from '../filestore/store-context.ts';
import { createFilesystems } from '../host/filesystems/index.ts';
import type { Formatter } from '../host/formatter.ts';
import type { Host } from '../host/host.ts';
import type { Logger } from '../observability/logger.ts';
import type { NodeLossPolicy, PoolRegistry } from './registry.ts';

/** One pool as it is configured on this node. */
export type ConfiguredPool = PoolSettings &
  PoolPlace & {
    /** Default: keep. */
    readonly onNodeLoss?: NodeLossPolicy['action'];
    /** With `release`. Default: a day. */
    readonly releaseAfterSeconds?: number;
  };

const DAY_SECONDS = 86_400;

/** What becomes of the pool when its node stays away, as the registry keeps it. */
export function getNodeLossPolicy(pool: ConfiguredPool): NodeLossPolicy {
  if (pool.onNodeLoss !== 'release') return { action: 'keep' };
  return { action: 'release', afterSeconds: pool.releaseAfterSeconds ?? DAY_SECONDS };
}

/** What pools are opened with. */
export interface OpenPoolDeps {
  readonly host: Host;
  readonly formatter: Formatter;
  readonly registry: PoolRegistry;
  readonly clusterId: string;
  readonly nodeName: string;
  /** CSI name of the driver that the pools belong to. */
  readonly driver: string;
  /** Shared with whatever mounts and unmounts volumes. */
  readonly locks: KeyedLock;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is told of a pool while it is opened and after. */
export interface PoolEvents {
  /** Its id is known now. Throws when the pool must not be used. */
  readonly claim: (poolId: string) => void;
  /** It is not at its path any more: the store is of no use from then on. */
  readonly lost: (error: DriverError) => void;
}

/**
 * From a configured pool to an open store: mounted, initialised if neither the registry nor the disk knows a pool, locked against
 * other programs, registered, opened. Throws DriverError.
 */
export async function openPool(
  deps: OpenPoolDeps,
  pool: ConfiguredPool,
  events: PoolEvents,
  signal: AbortSignal,
): Promise<LocalFileStore> {
  const { host, formatter, registry, clusterId, driver, nodeName, clock } = deps;
  const key = { driver, poolName: pool.name, nodeName };
  const known = await registry.find(key, signal);
  const xfs = createFilesystems(host).getFilesystem('xfs');
  await ensurePoolMounted({ host, formatter, xfs }, { place: pool, isKnown: known !== undefined }, signal);
  const paths = createStorePaths(pool.path);
  const expected = { name: pool.name, paths, clusterId, knownPoolId: known?.poolId, clock };
  const { poolId } = await ensurePoolRecord(expected);
  events.claim(poolId);
  await using opened = new AsyncDisposableStack();
  opened.use(await lockPool({ name: pool.name, paths, syscalls: host.syscalls }, signal));
  // Another program may have made the pool at the same time: now nobody else does.
  await ensurePoolRecord({ ...expected, knownPoolId: poolId });
  const onNodeLoss = getNodeLossPolicy(pool);
  await registry.record({ ...key, poolId, onNodeLoss, condition: 'open', room: undefined }, signal);
  const { name, path, overcommit, lowWaterPercent } = pool;
  const settings = { name, path, overcommit, lowWaterPercent };
  const store = await openLocalStore({ ...deps, pool: settings, onLost: events.lost }, signal);
  opened.defer(() => store.close());
  const resources = opened.move();
  return { ...store, close: () => resources.disposeAsync() };
}
