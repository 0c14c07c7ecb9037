import type { Clock } from '../base/clock.ts';
import type { KeyedLock } from '../base/keyed-lock.ts';
import { DriverError, isDriverError } from '../domain/errors.ts';
import type { ContentSources } from '../filestore/content/content.ts';
import type { LocalFileStore } from '../filestore/file-store.ts';
import { openLocalStore } from '../filestore/open-store.ts';
import { createStorePaths } from '../filestore/paths.ts';
import { ensurePoolMounted, type PoolMounting } from '../filestore/pool/mount-pool.ts';
import type { PoolPlace } from '../filestore/pool/pool-backing.ts';
import { lockPool } from '../filestore/pool/pool-lock.ts';
import { ensurePoolRecord } from '../filestore/pool/pool-record-file.ts';
import type { PoolRecord } from '../filestore/records.ts';
import type { PoolSettings } from '../filestore/store-context.ts';
import { createFilesystems } from '../host/filesystems/index.ts';
import type { Formatter } from '../host/formatter.ts';
import type { Host } from '../host/host.ts';
import type { Logger } from '../observability/logger.ts';
import type { Admittance } from './admissions.ts';
import { hasPool } from './existing-pool.ts';
import { describeForgetting, type KnownBy } from './forgetting.ts';
import { probeDirectory } from './probe-directory.ts';
import type { NodeLossPolicy, PoolInstance, PoolRegistry, SeenPool } from './registry.ts';

/** One pool as it is configured on this node. */
export type ConfiguredPool = PoolSettings &
  PoolPlace & {
    /** Whether other nodes may have it open at the same time, as openLocalStore has it. Its backing is none then. Default: false. */
    readonly isShared?: boolean;
    /** Whether its directory is exported to others, as openLocalStore has it. Default: false. */
    readonly hasClients?: boolean;
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
  /** Undefined where controllers admit pools: what neither the registry nor the disk knows waits for them, and belongs to the cluster that they name. */
  readonly clusterId: string | undefined;
  readonly nodeName: string;
  /** CSI name of the driver that the pools belong to. */
  readonly driver: string;
  /** Shared with whatever mounts and unmounts volumes. */
  readonly locks: KeyedLock;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The way to content of other stores. Default: there is none. */
  readonly contents?: ContentSources;
}

/** How the pools of a node are opened, and asked for a sign of life. */
export interface PoolOpener {
  /** Undefined when a controller has to admit the pool first; nothing was made then. Throws DriverError. */
  open(
    request: { readonly pool: ConfiguredPool; readonly admittance: Admittance | undefined },
    events: PoolEvents,
    signal: AbortSignal,
  ): Promise<LocalFileStore | undefined>;
  /** Writes a little to an open pool, and waits until it is there. */
  probe(pool: ConfiguredPool): Promise<void>;
}

/** Opens pools in this process. */
export function createPoolOpener(deps: OpenPoolDeps): PoolOpener {
  return {
    open: async (request, events, signal) => await openPool(deps, request, events, signal),
    probe: async ({ path }) => await probeDirectory(createStorePaths(path).control),
  };
}

/** What is told of a pool while it is opened and after. */
export interface PoolEvents {
  /** What it is is known now. Throws when the pool must not be used. */
  readonly claim: (record: PoolRecord) => void;
  /** It is not at its path any more: the store is of no use from then on. */
  readonly lost: (error: DriverError) => void;
}

/**
 * From a configured pool to an open store: mounted, initialised if neither the registry nor the disk knows a pool and it may be, locked against
 * other programs, registered, opened. Undefined when a controller has to admit it first; nothing was made then. Throws DriverError.
 */
export async function openPool(
  deps: OpenPoolDeps,
  request: { readonly pool: ConfiguredPool; readonly admittance: Admittance | undefined },
  events: PoolEvents,
  signal: AbortSignal,
): Promise<LocalFileStore | undefined> {
  const { host, driver, nodeName, clock } = deps;
  const { pool } = request;
  const { isShared = false, hasClients = false } = pool;
  if (isShared) assertShareable(pool);
  const key = { driver, poolName: pool.name, nodeName };
  const registry = findOwnNotes(deps, isShared);
  const known = await registry?.find(key, signal);
  const place = await findOut(deps, { ...request, known }, signal);
  if (place === undefined) return undefined;
  const { clusterId, knownPoolId, knownBy, isKnown } = place;
  const forgetting = knownPoolId === undefined ? {} : { toForget: describeForgetting(knownPoolId, knownBy) };
  await ensurePoolMounted(toMounting(deps), { place: pool, isKnown, ...forgetting }, signal);
  const paths = createStorePaths(pool.path);
  const expected = { name: pool.name, paths, clusterId, knownPoolId, clock, ...forgetting };
  const record = await ensurePoolRecord(expected);
  const { poolId } = record;
  events.claim(record);
  await using opened = new AsyncDisposableStack();
  if (!isShared) {
    opened.use(await lockPool({ name: pool.name, paths, syscalls: host.syscalls }, signal));
    // Another program may have had it, and replaced it, until now.
    await ensurePoolRecord({ ...expected, knownPoolId: poolId });
  }
  const onNodeLoss = getNodeLossPolicy(pool);
  const seen: SeenPool = { ...key, poolId, onNodeLoss, condition: 'open', room: undefined };
  if (registry !== undefined) {
    await noteOpen({ ...deps, registry }, { seen, isKnown: known?.poolId === poolId }, signal);
  }
  const { name, path, overcommit, lowWaterPercent } = pool;
  const settings = { name, path, overcommit, lowWaterPercent };
  const store = await openLocalStore(
    { ...deps, clusterId: record.clusterId, pool: settings, isShared, hasClients, onLost: events.lost },
    signal,
  );
  opened.defer(() => store.close());
  const resources = opened.move();
  return { ...store, close: () => resources.disposeAsync() };
}

/**
 * Where this node writes down which pool is at a place. Of a pool that several nodes work on the cluster's registry alone keeps that, where there is one: it is what says
 * whether a new one may be made, and once it has forgotten the pool no node may stand in the way by remembering it.
 */
function findOwnNotes(
  { registry, clusterId }: Pick<OpenPoolDeps, 'registry' | 'clusterId'>,
  isShared: boolean,
): PoolRegistry | undefined {
  return isShared && clusterId === undefined ? undefined : registry;
}

/** What one node mounts for itself no other node sees. */
function assertShareable({ name, backing }: ConfiguredPool): void {
  if (backing.type === 'none') return;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `Pool ${name} is one that several nodes work on, and its backing is ${backing.type}, which only one node can mount. Choose backing none, with the file system mounted on every node.`,
  );
}

/**
 * Where controllers admit pools, the registry here is the node's own, and what the cluster's is told does not reach it. What is known needs only a sign of
 * life: that a disk is full which is not the pool's keeps nobody from it.
 */
async function noteOpen(
  { registry, clusterId, logger }: OpenPoolDeps,
  { seen, isKnown }: { readonly seen: SeenPool; readonly isKnown: boolean },
  signal: AbortSignal,
): Promise<void> {
  try {
    await registry.record(seen, signal);
  } catch (error) {
    if (isKnown && isDriverError(error, 'POOL_UNAVAILABLE')) {
      logger.warn('That a pool is open cannot be noted; it is used all the same', {
        pool: seen.poolName,
        err: error,
      });
      return;
    }
    if (clusterId !== undefined || !isDriverError(error, 'PRECONDITION_FAILED')) throw error;
    const ownNotes = `Node ${seen.nodeName} has noted that itself: what is to be forgotten has to be forgotten there, too, with --local.`;
    const { details } = error;
    throw new DriverError(error.code, `${error.message} ${ownNotes}`, { details, cause: error });
  }
}

/** What is expected at a place. */
interface ExpectedPlace {
  readonly knownPoolId: string | undefined;
  readonly knownBy: KnownBy;
  readonly clusterId: string | undefined;
  /** Nothing is made then, only found. */
  readonly isKnown: boolean;
}

interface PlaceQuestion {
  readonly pool: ConfiguredPool;
  readonly admittance: Admittance | undefined;
  readonly known: PoolInstance | undefined;
}

/** Undefined when nobody but a controller can say. */
async function findOut(
  deps: OpenPoolDeps,
  { pool, admittance, known }: PlaceQuestion,
  signal: AbortSignal,
): Promise<ExpectedPlace | undefined> {
  const { clusterId } = deps;
  const knownBy = clusterId === undefined ? 'node' : 'machine';
  if (known !== undefined) return { knownPoolId: known.poolId, knownBy, clusterId, isKnown: true };
  if (clusterId !== undefined) return { knownPoolId: undefined, knownBy, clusterId, isKnown: false };
  if (admittance !== undefined) {
    return { ...admittance, knownBy: 'cluster', isKnown: admittance.knownPoolId !== undefined };
  }
  const isThere = await hasPool(toMounting(deps), pool, signal);
  return isThere ? { knownPoolId: undefined, knownBy, clusterId, isKnown: true } : undefined;
}

function toMounting({ host, formatter }: OpenPoolDeps): PoolMounting {
  return { host, formatter, xfs: createFilesystems(host).getFilesystem('xfs') };
}
