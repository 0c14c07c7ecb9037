import { quote } from '../../../base/quote.ts';
import { DriverError } from '../../../domain/errors.ts';
import { isReadOnlyMode, type MountAccess } from '../../../domain/access.ts';
import { parseObjectId } from '../../../domain/ids.ts';
import { parseBindOptions } from '../../../host/mount-options.ts';
import { type NfsVersion, parseNfsOptions } from '../../../config/nfs-options.ts';
import type { StageOptions } from '../../backend.ts';
import { toBindFlags } from '../../file/mount-flags.ts';
import { findMountAt } from '../../file/node/mount-table.ts';
import { checkStagingDirectory, getCanonicalPath } from '../../file/node/paths.ts';
import { checkNfsCapabilities } from '../capabilities.ts';
import type { NfsPool } from '../config.ts';
import { NfsVersionList } from '../parameters.ts';
import type { ExportMount } from '../worker/mount-places.ts';
import type { NfsNodeContext } from './context.ts';
import { askPool } from './workers.ts';
import { checkStaticPath } from './static-path.ts';
import { isMountOfVolume } from './volume-mounts.ts';

const DEFAULT_VERSIONS: readonly NfsVersion[] = ['4.2'];

/** CSI NodeStageVolume; contract as in backend.ts. What is staged already is told by the mount table alone. */
export async function stage(
  context: NfsNodeContext,
  options: StageOptions,
  signal: AbortSignal,
): Promise<void> {
  const { volumeId, capability } = options;
  using _lock = await context.locks.acquire(`volume:${volumeId}`, signal);
  checkNfsCapabilities([capability]);
  const access = getMountAccess(options);
  const target = await getCanonicalPath(options.stagingPath);
  const table = await context.mounts.list(signal);
  const mounted = findMountAt(table, target);
  if (mounted !== undefined) {
    if (isMountOfVolume(context, volumeId, { entry: mounted, table })) return;
    throw new DriverError(
      'PUBLISH_INCOMPATIBLE',
      `Something else (${mounted.fsType} of ${mounted.source}) is mounted at the staging path ${target} of volume ${volumeId}. Unmount it first.`,
    );
  }
  await checkStagingDirectory(target);
  const work = context.workers.getWork(getPoolName(options));
  const { pool } = work;
  const staticPath = findStaticPath(options, pool);
  const isReadOnly = isReadOnlyMode(capability.mode);
  const order = {
    volumeId,
    staticPath,
    target,
    mount: toExportMount(pool, access, options.context),
    bindOptions: parseBindOptions(toBindFlags([...listPoolOptions(pool), ...access.mountFlags])),
    group: isReadOnly ? undefined : access.mountGroup,
  };
  await askPool(work, 'stageVolume', order, signal);
}

function getMountAccess({ capability: { access } }: StageOptions): MountAccess {
  if (access.kind === 'mount') return access;
  throw new DriverError('INVALID_ARGUMENT', 'Volumes of this driver are directories, not devices.');
}

/** Volumes that this driver made, and directories that a PersistentVolume names, both say it. */
function getPoolName({ volumeId, context }: StageOptions): string {
  const { pool } = context;
  if (pool !== undefined && pool !== '') return pool;
  throw new DriverError(
    parseObjectId(volumeId) === undefined ? 'VOLUME_NOT_FOUND' : 'PRECONDITION_FAILED',
    `volumeAttributes of volume ${quote(volumeId)} name no pool: set "pool" to one of drivers.nfs.pools.`,
  );
}

function findStaticPath({ volumeId, context }: StageOptions, pool: NfsPool): string | undefined {
  const { path } = context;
  if (parseObjectId(volumeId) !== undefined) return undefined;
  if (path !== undefined) return checkStaticPath(pool, path);
  throw new DriverError(
    'VOLUME_NOT_FOUND',
    `There is no volume ${quote(volumeId)}: this driver did not give out that id, and volumeAttributes name no "path" of the export either.`,
  );
}

/** What all volumes of a pool are mounted with; those of a volume win. */
export function listPoolOptions(pool: NfsPool): readonly string[] {
  return pool.type === 'nfs' ? pool.mountOptions : [];
}

/** Options of the pool, then those of the volume, which win; a version that they name is the only one. */
function toExportMount(
  pool: NfsPool,
  access: MountAccess,
  context: Readonly<Record<string, string>>,
): ExportMount {
  const { version, words } = parseNfsOptions([...listPoolOptions(pool), ...access.mountFlags]);
  if (version !== undefined) return { versions: [version], words };
  const { nfsVersions } = context;
  return { versions: nfsVersions === undefined ? DEFAULT_VERSIONS : parseVersions(nfsVersions), words };
}

function parseVersions(text: string): readonly NfsVersion[] {
  const parsed = NfsVersionList.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new DriverError(
    'INVALID_ARGUMENT',
    `nfsVersions of the volume is ${quote(text)}: ${parsed.error.issues[0]?.message ?? 'it cannot be read'}.`,
  );
}
