import { readdir } from 'node:fs/promises';
import type { PlannedImport } from '../backends/nfs/import/plan-import.ts';
import { systemClock } from '../base/clock.ts';
import { KeyedLock } from '../base/keyed-lock.ts';
import { toNfsSource } from '../config/nfs-source.ts';
import { DriverError, isDriverError } from '../domain/errors.ts';
import { type AdoptionNote, listNotes } from '../filestore/adoption/adoption-note.ts';
import { type AdoptionFacts, examineAdoption } from '../filestore/adoption/examine-adoption.ts';
import type { AdoptingFileStore, AdoptVolumeRequest } from '../filestore/file-store.ts';
import { openLocalStore } from '../filestore/open-store.ts';
import { createStorePaths, isOwnName, type StorePaths } from '../filestore/paths.ts';
import { lockPool } from '../filestore/pool/pool-lock.ts';
import { findPoolRecord } from '../filestore/pool/pool-record-file.ts';
import type { PoolRecord, VolumeRecord } from '../filestore/records.ts';
import type { Host } from '../host/host.ts';
import { assumeQuotas } from '../host/quotas/index.ts';
import type { Logger } from '../observability/logger.ts';
import { isSharedPool } from './drivers/nfs.ts';
import type { PoolPlaceHere } from './import-place.ts';

/** The pool that volumes are imported in. */
export interface ImportTarget extends AsyncDisposable {
  readonly poolId: string;
  /** Looks, and changes nothing. */
  examine(planned: PlannedImport, asked: AdoptVolumeRequest, signal: AbortSignal): Promise<AdoptionFacts>;
  adopt(asked: AdoptVolumeRequest, signal: AbortSignal): Promise<VolumeRecord>;
  /** Directories at its root that are neither the pool's own nor of an import. */
  listUnclaimed(imports: readonly PlannedImport[]): Promise<readonly string[]>;
  /** What an earlier import began to take over and none of these is about. */
  listUnfinished(imports: readonly PlannedImport[]): Promise<readonly AdoptionNote[]>;
}

interface TargetDeps {
  readonly host: Host;
  readonly logger: Logger;
  readonly nodeName: string;
}

interface TargetRequest {
  readonly place: PoolPlaceHere;
  readonly quota: 'required' | 'none';
  /** Whether anything is to be done, for which the pool is opened, and nobody else may have it open. Otherwise nothing of it is touched. */
  readonly isDone: boolean;
}

/** Throws POOL_UNAVAILABLE when there is no pool, or another program has it open, and PRECONDITION_FAILED when it cannot take directories over as is asked. */
export async function openImportTarget(
  deps: TargetDeps,
  { place, quota, isDone }: TargetRequest,
  signal: AbortSignal,
): Promise<ImportTarget> {
  const { host } = deps;
  const paths = createStorePaths(place.directory);
  const record = await getRecord(place, paths);
  await checkQuota(host, { place, quota }, signal);
  await using undo = new AsyncDisposableStack();
  const store = isDone ? undo.use(await openStore(deps, { place, paths, record }, signal)) : undefined;
  const resources = undo.move();
  return {
    poolId: record.poolId,
    async examine(planned, asked, own) {
      await checkNotMounted(host, place, planned, own);
      return await examineAdoption({ paths, host, clusterId: record.clusterId }, asked, own);
    },
    async adopt(asked, own) {
      if (store === undefined) throw new Error('the pool was not opened');
      return await store.adoptVolume(asked, own);
    },
    async listUnclaimed(imports) {
      const claimed = new Set(imports.map(({ directory }) => directory.split('/')[0]));
      const entries = await readdir(paths.root, { withFileTypes: true });
      return entries
        .filter((entry) => entry.isDirectory() && !isOwnName(entry.name) && !claimed.has(entry.name))
        .map(({ name }) => name)
        .toSorted();
    },
    async listUnfinished(imports) {
      const names = new Set(imports.map(({ volume }) => volume.metadata.name));
      return (await listNotes(paths)).filter(({ name }) => !names.has(name));
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function getRecord({ pool }: PoolPlaceHere, paths: StorePaths): Promise<PoolRecord> {
  const record = await findPoolRecord({ name: pool.name, paths });
  if (record !== undefined) return record;
  throw new DriverError(
    'POOL_UNAVAILABLE',
    `There is no pool at ${paths.root}. The driver makes it when it opens pool ${pool.name} for the first time: start it with this configuration, and import then.`,
  );
}

async function checkQuota(
  host: Host,
  { place, quota }: Pick<TargetRequest, 'place' | 'quota'>,
  signal: AbortSignal,
): Promise<void> {
  const { best } = await assumeQuotas(host, place.directory, signal);
  if (best.adoption === undefined) {
    throw new DriverError(
      'PRECONDITION_FAILED',
      `Pool ${place.pool.name} is on btrfs, where volumes are subvolumes: directories cannot become volumes there without being copied.`,
    );
  }
  if (quota === 'none' || (best.name !== 'none' && !isSharedPool(place.pool))) return;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `Pool ${place.pool.name} cannot limit directories, as it is seen from this machine. Import on the server, with an agent there and the pool on xfs with prjquota; or say --quota none, and sizes are not enforced, as before.`,
  );
}

/**
 * Opened as its agents do. Where one program alone works on it, that one must not be running. A pool that nodes share is worked on beside them: they do not
 * hold its lock, and taking it keeps a second import away.
 */
async function openStore(
  { host, logger, nodeName }: TargetDeps,
  {
    place,
    paths,
    record,
  }: { readonly place: PoolPlaceHere; readonly paths: StorePaths; readonly record: PoolRecord },
  signal: AbortSignal,
): Promise<AdoptingFileStore & AsyncDisposable> {
  const { name, overcommit, lowWaterPercent } = place.pool;
  await using opened = new AsyncDisposableStack();
  opened.use(await lock(host, { name, paths }, signal));
  const store = await openLocalStore(
    {
      pool: { name, path: place.directory, overcommit, lowWaterPercent },
      host,
      clusterId: record.clusterId,
      nodeName,
      locks: new KeyedLock(),
      clock: systemClock,
      logger,
      isShared: isSharedPool(place.pool),
    },
    signal,
  );
  opened.defer(() => store.close());
  const resources = opened.move();
  return { ...store, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

async function lock(
  { syscalls }: Host,
  { name, paths }: { readonly name: string; readonly paths: StorePaths },
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  try {
    return await lockPool({ name, paths, syscalls }, signal);
  } catch (error) {
    if (!isDriverError(error, 'POOL_UNAVAILABLE')) throw error;
    throw new DriverError(
      'POOL_UNAVAILABLE',
      `Pool ${name} (${paths.root}) is open in another program ("fuser -v ${paths.lock}" on its machine says which it is): its agent, which has to be stopped while volumes are imported, or another import.`,
      { cause: error },
    );
  }
}

/** On a node a PersistentVolume is mounted over NFS, which says nothing of where it lies in the pool's own mount. */
async function checkNotMounted(
  { mounts }: Host,
  { servers }: PoolPlaceHere,
  { serverPath }: PlannedImport,
  signal: AbortSignal,
): Promise<void> {
  const sources = servers.map((server) => toNfsSource({ server, export: serverPath }));
  const entries = await mounts.list(signal);
  const found = entries.find(({ fsType, source }) => fsType.startsWith('nfs') && sources.includes(source));
  if (found === undefined) return;
  throw new DriverError(
    'VOLUME_IN_USE',
    `It is in use on this machine: ${found.source} is mounted at ${found.mountPoint}. Stop what uses it.`,
  );
}
