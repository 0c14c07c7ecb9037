import { mkdir } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import type { KeyedLock } from '../base/keyed-lock.ts';
import type { DriverError } from '../domain/errors.ts';
import { getSectorSize } from '../host/disk-facts.ts';
import { createFilesystems } from '../host/filesystems/index.ts';
import { createRoomReader } from '../host/file-system-room.ts';
import type { Host } from '../host/host.ts';
import { probePlainQuota, probeQuotas } from '../host/quotas/index.ts';
import type { QuotaKind } from '../host/quotas/quota.ts';
import type { Logger } from '../observability/logger.ts';
import { reconcileClaims } from './claims.ts';
import { Checkpoints } from './content/checkpoints.ts';
import type { ContentSources } from './content/content.ts';
import { Cuts } from './content/cuts.ts';
import { noContentSources } from './content/no-sources.ts';
import type { AdoptingFileStore } from './file-store.ts';
import { Jobs } from './jobs.ts';
import { createDirectoryLayout } from './layouts/directory.ts';
import { createImageLayout } from './layouts/image.ts';
import { createLocalStore } from './local-store.ts';
import { listMetered } from './metered-objects.ts';
import { createStorePaths, RECORD_FILES, type StorePaths } from './paths.ts';
import { Pins } from './pins.ts';
import { getPoolRecord } from './pool/pool-record-file.ts';
import { toPoolError } from './pool-errors.ts';
import { createPoolPresence } from './pool-presence.ts';
import { probeAbilities } from './probe-abilities.ts';
import { SnapshotRecord, VolumeRecord } from './records.ts';
import { RoomKeeper } from './room.ts';
import { MemoryShelf } from './memory-shelf.ts';
import { createOwnChanges, createSharedChanges } from './record-changes.ts';
import type { Shelf, ShelfOptions } from './shelf.ts';
import { SharedShelf } from './shared-shelf.ts';
import { Staging } from './staging.ts';
import { toStagingName } from './staging-names.ts';
import type { PoolSettings, StepHook, StoreContext } from './store-context.ts';
import { nodeFiles, type StoreFiles } from './store-files.ts';
import { watchLeftovers } from './watch-leftovers.ts';
import { Trash } from './trash.ts';
import { UsageMeter } from './usage-meter.ts';

/** Longer than any commit, shorter than a sidecar's patience. */
const DEFAULT_ANSWER_WITHIN_MS = 8_000;

/** What a local store is opened with. */
export interface OpenStoreOptions {
  /** The pool's directory holds a pool.json by now, and its disk is mounted. */
  readonly pool: PoolSettings;
  readonly host: Host;
  /** Default: found by trying. */
  readonly quota?: QuotaKind;
  readonly clusterId: string;
  readonly nodeName: string;
  /**
   * Whether other programs, on other nodes, may work on the pool at the same time: an export, or a file system that every node mounts. Nothing is answered from memory then,
   * directories have no quota, and nobody holds the pool's lock. All that work on it have to say so. Default: false.
   */
  readonly isShared?: boolean;
  /** Whether other machines may use volumes where they are, as clients of an export do. What is shared may be in any case. Default: false. */
  readonly hasClients?: boolean;
  /** Shared with whatever mounts and unmounts volumes, under `volume:<id>`. */
  readonly locks: KeyedLock;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The way to content of other stores. Default: there is none. */
  readonly contents?: ContentSources;
  /** After how long a call whose work goes on is answered with OPERATION_PENDING. Default: 8 s. */
  readonly answerWithinMs?: number;
  /** Told, perhaps more than once, that the pool is not at its path any more: the store is of no use from then on. Default: nobody is. */
  readonly onLost?: (error: DriverError) => void;
  /** For tests of servers that lose answers. Default: this machine's calls. */
  readonly files?: StoreFiles;
  /** For tests that stop between steps. Default: nothing. */
  readonly onStep?: StepHook;
}

/**
 * Opens the store of a pool: checks its identity, finds out by trying what it can do, takes up what an earlier life left in staging/ and trash/,
 * and starts reading the records in the background. Throws POOL_UNAVAILABLE.
 */
export async function openLocalStore(
  options: OpenStoreOptions,
  signal: AbortSignal,
): Promise<AdoptingFileStore> {
  try {
    return await open(options, signal);
  } catch (error) {
    throw toPoolError(error, options.pool.name);
  }
}

async function open(options: OpenStoreOptions, signal: AbortSignal): Promise<AdoptingFileStore> {
  const { pool, clusterId, logger } = options;
  const paths = createStorePaths(pool.path);
  const { poolId } = await getPoolRecord({ name: pool.name, paths, clusterId });
  await ensureTree(paths, options.isShared ?? false);
  const stop = new AbortController();
  const context = await createContext({ ...options, paths, poolId, closing: stop.signal }, signal);
  // Undone backwards, and also when what follows fails: nothing must work on a pool that is not open.
  await using started = new AsyncDisposableStack();
  started.defer(() => context.trash.close());
  started.defer(() => context.cuts.close());
  started.defer(() => context.jobs.stop());
  const swept = await context.staging.sweep();
  if (swept > 0) logger.info('Unfinished work of an earlier life discarded', { pool: pool.name, swept });
  await context.trash.resume();
  for (const shelf of [context.volumes, context.snapshots]) {
    shelf.whenLoaded(stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted)
        logger.warn('The records of a pool cannot be read yet', { pool: pool.name, err: error });
    });
  }
  void context.presence.watch(options.clock, stop.signal);
  const watching = context.isShared ? watchLeftovers(context, stop.signal) : undefined;
  started.defer(() => watching);
  const reconciled = reconcileClaims(context, stop.signal);
  started.defer(() => reconciled);
  started.defer(() => stop.abort(new Error('The store is being closed.')));
  const running = started.move();
  return createLocalStore(context, () => running.disposeAsync());
}

type ContextOptions = OpenStoreOptions & {
  readonly paths: StorePaths;
  readonly poolId: string;
  /** Aborts when the store is closed. */
  readonly closing: AbortSignal;
};

async function createContext(options: ContextOptions, signal: AbortSignal): Promise<StoreContext> {
  const { pool, host, paths, locks, clock, logger, nodeName } = options;
  const { isShared = false, files = nodeFiles } = options;
  const quota = options.quota ?? (await probeQuota(options, signal));
  const abilities = await probeAbilities({ host, quota, paths, nodeName }, signal);
  const sectorSizeBytes = await getSectorSize(host.mounts, pool.path, signal);
  const isInstant = abilities.imageCopying === 'instant';
  const layouts = {
    directory: createDirectoryLayout({ host, quota, mayBeUsedElsewhere: mayBeUsedElsewhere(options) }),
    image: createImageLayout({ host, locks, isInstant, sectorSizeBytes, isShared }),
  };
  const { volumes, snapshots } = createShelves(options);
  const objects = { paths, layouts, volumes, snapshots };
  const meter = new UsageMeter({
    list: (reading) => listMetered(objects, reading),
    clock,
    signal: options.closing,
  });
  const trash = new Trash({ paths, host, quota, isShared, files, clock, logger });
  const jobs = new Jobs({ answerWithinMs: options.answerWithinMs ?? DEFAULT_ANSWER_WITHIN_MS, clock });
  const onStep = options.onStep ?? (() => undefined);
  const leases = { paths, nodeName, files, clock, logger };
  const watched = { paths, name: pool.name, ...(isShared ? { poolId: options.poolId } : {}) };
  return {
    ...objects,
    pool,
    poolId: options.poolId,
    clusterId: options.clusterId,
    nodeName,
    isShared,
    files,
    host,
    filesystems: createFilesystems(host),
    abilities,
    changes: isShared
      ? createSharedChanges({ ...leases, volumes, poolName: pool.name, onStep })
      : createOwnChanges({ paths, volumes }),
    presence: await createPoolPresence(watched, options.onLost ?? (() => undefined)),
    room: new RoomKeeper({
      pool,
      readRoom: createRoomReader(pool.path),
      shelves: [volumes, snapshots],
      meter,
    }),
    meter,
    trash,
    staging: new Staging({ paths, nodeName, isShared, files, trash, clock, logger }),
    jobs,
    contents: options.contents ?? noContentSources,
    origins: new Map(),
    cuts: new Cuts({ jobs, clock }),
    checkpoints: new Checkpoints(),
    pins: new Pins(),
    locks,
    clock,
    logger,
    onStep,
  };
}

function mayBeUsedElsewhere({ isShared = false, hasClients = false }: OpenStoreOptions): boolean {
  return isShared || hasClients;
}

async function probeQuota(
  { host, paths, logger, nodeName, isShared = false }: ContextOptions,
  signal: AbortSignal,
): Promise<QuotaKind> {
  // Named like staged volumes: a trial that was killed is swept by the next start, its quota included.
  const trial = { ...host, logger, trialName: toStagingName('volume', nodeName) };
  if (isShared) return await probePlainQuota(trial, paths.staging, signal);
  return (await probeQuotas(trial, paths.staging, signal)).best;
}

function createShelves({
  paths,
  clock,
  isShared = false,
}: ContextOptions): Pick<StoreContext, 'volumes' | 'snapshots'> {
  const createShelf = <R extends { readonly id: string }>(shelf: ShelfOptions<R>): Shelf<R> =>
    isShared ? new SharedShelf({ ...shelf, clock }) : new MemoryShelf(shelf);
  return {
    volumes: createShelf<VolumeRecord>({
      kind: 'volume',
      directory: paths.volumes,
      recordFile: RECORD_FILES.volume,
      schema: VolumeRecord,
      promisedBytesOf: (record) => record.capacityBytes,
    }),
    snapshots: createShelf<SnapshotRecord>({
      kind: 'snapshot',
      directory: paths.snapshots,
      recordFile: RECORD_FILES.snapshot,
      schema: SnapshotRecord,
      promisedBytesOf: (record) => record.heldBytes,
    }),
  };
}

async function ensureTree(paths: StorePaths, isShared: boolean): Promise<void> {
  const { staging, trash, leases, volumes, snapshots, byClaim } = paths;
  for (const path of [staging, trash, ...(isShared ? [leases] : []), volumes, snapshots, byClaim]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  }
}
