import { isReadOnlyMode } from '../../../domain/access.ts';
import { parseObjectId } from '../../../domain/ids.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import { parseBindOptions } from '../../../host/mount-options.ts';
import type { PublishOptions } from '../../backend.ts';
import { asksReadOnly, findFlagDifference, toBindFlags } from '../../file/mount-flags.ts';
import { findMountAt } from '../../file/node/mount-table.ts';
import { ensureTarget, getCanonicalPath, removeTarget } from '../../file/node/paths.ts';
import { undo } from '../../file/node/undo.ts';
import { checkNfsCapabilities } from '../capabilities.ts';
import type { NfsNodeContext } from './context.ts';
import { askPool } from './workers.ts';
import { listPoolOptions } from './stage.ts';
import { type FoundWork, findWorkOf, isMountOfVolume, toTreePath } from './volume-mounts.ts';

/** A publish call together with what the mount table says. Paths are canonical. */
interface Publication {
  readonly options: PublishOptions;
  readonly readOnly: boolean;
  readonly mountFlags: readonly string[];
  readonly table: readonly MountEntry[];
  /** The pool that what is staged comes from; undefined when it comes from none that is configured. */
  readonly found: FoundWork | undefined;
}

/** CSI NodePublishVolume; contract as in backend.ts. */
export async function publish(
  context: NfsNodeContext,
  options: PublishOptions,
  signal: AbortSignal,
): Promise<void> {
  const { capability } = options;
  using _lock = await context.locks.acquire(`volume:${options.volumeId}`, signal);
  checkNfsCapabilities([capability]);
  const stagingPath = await getCanonicalPath(options.stagingPath);
  const targetPath = await getCanonicalPath(options.targetPath);
  const table = await context.mounts.list(signal);
  const staged = getStaged(context, { options: { ...options, stagingPath, targetPath }, table });
  const found = findWorkOf(context, staged, table);
  const own = capability.access.kind === 'mount' ? capability.access.mountFlags : [];
  const mountFlags = [...(found === undefined ? [] : listPoolOptions(found.work.pool)), ...own];
  const publication: Publication = {
    options: { ...options, stagingPath, targetPath },
    readOnly: options.readOnly || isReadOnlyMode(capability.mode) || asksReadOnly(mountFlags),
    mountFlags,
    table,
    found,
  };
  if (isPublishedSame(context, publication)) return;
  checkSingleWriter(publication, staged);
  await publishNew(context, publication, signal);
}

function getStaged(
  context: NfsNodeContext,
  { options, table }: Pick<Publication, 'options' | 'table'>,
): MountEntry {
  const { volumeId, stagingPath } = options;
  const entry = findMountAt(table, stagingPath);
  if (entry !== undefined && isMountOfVolume(context, volumeId, { entry, table })) return entry;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `Volume ${volumeId} is not staged at ${stagingPath}. Stage it there before it is published.`,
  );
}

/** Whether exactly this is in place already. Throws PUBLISH_INCOMPATIBLE when something else is. */
function isPublishedSame(context: NfsNodeContext, publication: Publication): boolean {
  const { options, readOnly, mountFlags, table } = publication;
  const { volumeId, targetPath } = options;
  const entry = findMountAt(table, targetPath);
  if (entry === undefined) return false;
  if (!isMountOfVolume(context, volumeId, { entry, table })) {
    throw new DriverError(
      'PUBLISH_INCOMPATIBLE',
      `Something else (${entry.fsType} of ${entry.source}) is mounted at the target ${targetPath} of volume ${volumeId}. Unmount it first.`,
    );
  }
  const isReadOnly = entry.options.includes('ro');
  const flag = findFlagDifference(entry.options, mountFlags);
  if (isReadOnly === readOnly && flag === undefined) return true;
  const difference =
    isReadOnly === readOnly ? `not with the same ${flag ?? ''}` : isReadOnly ? 'read-only' : 'writable';
  throw new DriverError(
    'PUBLISH_INCOMPATIBLE',
    `Volume ${volumeId} is published at ${targetPath} already, but ${difference}. Unpublish it first.`,
  );
}

function checkSingleWriter({ options, table }: Publication, staged: MountEntry): void {
  if (options.capability.mode !== 'SINGLE_NODE_SINGLE_WRITER') return;
  const other = table.find(
    (entry) =>
      entry.majorMinor === staged.majorMinor &&
      toTreePath(entry) === toTreePath(staged) &&
      entry.mountPoint !== options.stagingPath &&
      entry.mountPoint !== options.targetPath,
  );
  if (other === undefined) return;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `Volume ${options.volumeId} may be published at one path only (ReadWriteOncePod), and it is at ${other.mountPoint}. Unpublish it there first.`,
  );
}

/** Looking at what is staged may ask the server, so the worker does it. */
async function publishNew(
  context: NfsNodeContext,
  { options, readOnly, mountFlags, found }: Publication,
  signal: AbortSignal,
): Promise<void> {
  const { stagingPath, targetPath, volumeId, capability } = options;
  if (found === undefined) {
    throw new DriverError(
      'PRECONDITION_FAILED',
      `Volume ${volumeId} is staged from a pool that is not configured on this node any more: configure it again under drivers.nfs.pools.`,
    );
  }
  await using taken = new AsyncDisposableStack();
  const { isNew } = await ensureTarget(targetPath, 'directory');
  if (isNew)
    taken.defer(undo(context.logger, `target ${targetPath}`, async () => await removeTarget(targetPath)));
  const { access } = capability;
  // What a PersistentVolume names belongs to whoever made it, and stays as it is.
  const takesGroup = access.kind === 'mount' && !readOnly && parseObjectId(volumeId) !== undefined;
  const order = {
    source: stagingPath,
    target: targetPath,
    readOnly,
    options: parseBindOptions(toBindFlags(mountFlags)),
    volumeId,
    group: takesGroup ? access.mountGroup : undefined,
  };
  await askPool(found.work, 'publishVolume', order, signal);
  taken.move();
}
