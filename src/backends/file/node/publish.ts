import { isReadOnlyMode } from '../../../domain/access.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import type { PublishOptions } from '../../backend.ts';
import { asksReadOnly, findFlagDifference, toBindFlags } from '../mount-flags.ts';
import type { Appearance } from './appearance.ts';
import { getAppearance, isNodeOf } from './appearance.ts';
import type { FileNodeContext } from './context.ts';
import { volumeLockKey } from './context.ts';
import type { LocalVolume } from './locate.ts';
import { getVolume } from './locate.ts';
import { ensureReadOnlyLoop, findStagedLoop } from './loop-device.ts';
import { findMountAt } from './mount-table.ts';
import { ensureTarget, getCanonicalPath, removeTarget } from './paths.ts';
import { checkUse } from './stage.ts';
import { undo } from './undo.ts';

/** A publish call together with what the machine says of its volume. Paths are canonical. */
interface Publication {
  readonly options: PublishOptions;
  readonly readOnly: boolean;
  readonly volume: LocalVolume;
  readonly table: readonly MountEntry[];
  readonly appearance: Appearance;
}

/** CSI NodePublishVolume; contract as in backend.ts. */
export async function publish(
  context: FileNodeContext,
  options: PublishOptions,
  signal: AbortSignal,
): Promise<void> {
  using _lock = await context.locks.acquire(volumeLockKey(options.volumeId), signal);
  const volume = await getVolume(context, options.volumeId, signal);
  checkUse(volume, options);
  const stagingPath = await getCanonicalPath(options.stagingPath);
  const targetPath = await getCanonicalPath(options.targetPath);
  const table = await context.mounts.list(signal);
  const publication: Publication = {
    options: { ...options, stagingPath, targetPath },
    readOnly: isReadOnlyAsked(options),
    volume,
    table,
    appearance: await getAppearance(context, volume, table, signal),
  };
  checkStaged(publication);
  if (isPublishedSame(publication)) return;
  checkSingleWriter(publication);
  await publishNew(context, publication, signal);
}

function isReadOnlyAsked({ readOnly, capability: { access, mode } }: PublishOptions): boolean {
  return readOnly || isReadOnlyMode(mode) || (access.kind === 'mount' && asksReadOnly(access.mountFlags));
}

function isBlock({ options }: Publication): boolean {
  return options.capability.access.kind === 'block';
}

function checkStaged(publication: Publication): void {
  const { appearance, table } = publication;
  const { volumeId, stagingPath } = publication.options;
  const mounted = findMountAt(table, stagingPath);
  const isStaged = isBlock(publication)
    ? findStagedLoop(appearance.loops) !== undefined
    : mounted !== undefined && appearance.isOurs(mounted);
  if (isStaged) return;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `Volume ${volumeId} is not staged at ${stagingPath}. Stage it there before it is published.`,
  );
}

/** Whether exactly this is in place already. Throws PUBLISH_INCOMPATIBLE when something else is. */
function isPublishedSame(publication: Publication): boolean {
  const { appearance, options, table } = publication;
  const mounted = findMountAt(table, options.targetPath);
  if (mounted === undefined) return false;
  if (!appearance.isOurs(mounted)) {
    throw new DriverError(
      'PUBLISH_INCOMPATIBLE',
      `Something else (${mounted.fsType} of ${mounted.source}) is mounted at the target ${options.targetPath} of volume ${options.volumeId}. Unmount it first.`,
    );
  }
  const difference = findDifference(publication, mounted);
  if (difference === undefined) return true;
  throw new DriverError(
    'PUBLISH_INCOMPATIBLE',
    `Volume ${options.volumeId} is published at ${options.targetPath} already, but ${difference}. Unpublish it first.`,
  );
}

function findDifference(publication: Publication, mounted: MountEntry): string | undefined {
  const { appearance, options, readOnly, table } = publication;
  const { access } = options.capability;
  const isReadOnly =
    access.kind === 'block'
      ? appearance.loops.some((loop) => loop.readOnly && isNodeOf(mounted, loop, table))
      : mounted.options.includes('ro');
  if (isReadOnly !== readOnly) return isReadOnly ? 'read-only' : 'writable';
  const flag = access.kind === 'mount' ? findFlagDifference(mounted.options, access.mountFlags) : undefined;
  if (flag === undefined) return undefined;
  return `${mounted.options.includes(flag) ? 'with' : 'without'} the mount option ${flag}`;
}

function checkSingleWriter({ appearance, options, table }: Publication): void {
  if (options.capability.mode !== 'SINGLE_NODE_SINGLE_WRITER') return;
  const other = table.find(
    (entry) =>
      appearance.isOurs(entry) &&
      entry.mountPoint !== options.stagingPath &&
      entry.mountPoint !== options.targetPath,
  );
  if (other === undefined) return;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `Volume ${options.volumeId} may be published at one path only (ReadWriteOncePod), and it is at ${other.mountPoint}. Unpublish it there first.`,
  );
}

async function publishNew(
  context: FileNodeContext,
  publication: Publication,
  signal: AbortSignal,
): Promise<void> {
  const { stagingPath, targetPath, capability } = publication.options;
  const { access } = capability;
  await using taken = new AsyncDisposableStack();
  const { isNew } = await ensureTarget(targetPath, access.kind === 'block' ? 'file' : 'directory');
  if (isNew)
    taken.defer(undo(context.logger, `target ${targetPath}`, async () => await removeTarget(targetPath)));
  if (access.kind === 'block') {
    const source = await getDeviceToPublish(context, publication, signal);
    await context.mounts.bind({ source, target: targetPath, readOnly: false, options: [] }, signal);
  } else {
    const { readOnly } = publication;
    const options = toBindFlags(access.mountFlags);
    await context.mounts.bind({ source: stagingPath, target: targetPath, readOnly, options }, signal);
  }
  taken.move();
}

async function getDeviceToPublish(
  context: FileNodeContext,
  { appearance, readOnly, volume }: Publication,
  signal: AbortSignal,
): Promise<string> {
  if (readOnly) return (await ensureReadOnlyLoop(context, volume, signal)).device;
  const loop = findStagedLoop(appearance.loops);
  // A bind mount of its node holds no device: it has to be this image's when it is made.
  if (loop !== undefined) return (await context.loops.keep(volume.path, loop, signal)).device;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `Volume ${volume.record.id} has no writable device. Stage it again.`,
  );
}
