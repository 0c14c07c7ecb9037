import { startDeadline } from '../../../base/deadline.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import type { StageOptions } from '../../backend.ts';
import { findSingleNodeObjection, findUseObjection } from '../controller/capabilities.ts';
import { findFlagDifference } from '../mount-flags.ts';
import { getAppearance, isStopped } from './appearance.ts';
import type { FileNodeContext } from './context.ts';
import { volumeLockKey } from './context.ts';
import type { LocalVolume } from './locate.ts';
import { getVolume } from './locate.ts';
import { findMountAt } from './mount-table.ts';
import { checkStagingDirectory, getCanonicalPath } from './paths.ts';
import { stageDirectory } from './stage-directory.ts';
import { finishStagedFileSystem, STEPS_DEADLINE_MS, stageBlock, stageFileSystem } from './stage-image.ts';

/**
 * CSI NodeStageVolume; contract as in backend.ts. What is staged already is told by the mount table alone. The signal allows as long as a file system may
 * take to be checked and grown; every other step has a bound of its own.
 */
export async function stage(
  context: FileNodeContext,
  options: StageOptions,
  signal: AbortSignal,
): Promise<void> {
  using steps = startDeadline(signal, STEPS_DEADLINE_MS);
  const own = steps.signal;
  using _lock = await context.locks.acquire(volumeLockKey(options.volumeId), own);
  const volume = await getVolume(context, options.volumeId, own);
  checkUse(volume, options);
  const stagingPath = await getCanonicalPath(options.stagingPath);
  const table = await context.mounts.list(own);
  const mounted = findMountAt(table, stagingPath);
  const { isOurs } = await getAppearance(context, volume, table, own);
  if (mounted !== undefined) {
    checkStagedSame(mounted, isOurs(mounted), options);
    // One that an error has stopped cannot be finished; that it has is told by its health.
    if (volume.record.kept.layout === 'image' && !isStopped(mounted)) {
      await finishStagedFileSystem(context, volume, stagingPath, own);
    }
    return;
  }
  const { access } = options.capability;
  if (access.kind === 'block') {
    await stageBlock(context, volume, own);
    return;
  }
  await checkStagingDirectory(stagingPath);
  const place = { stagingPath, access };
  if (volume.record.kept.layout === 'directory') await stageDirectory(context, volume, place, own);
  else await stageFileSystem(context, volume, { ...place, isInUse: table.some(isOurs) }, signal);
}

/** Throws PRECONDITION_FAILED for a use that this volume is not for. */
export function checkUse({ record }: LocalVolume, { capability }: Pick<StageOptions, 'capability'>): void {
  const objection = findSingleNodeObjection([capability]) ?? findUseObjection(record, [capability]);
  if (objection !== undefined) throw new DriverError('PRECONDITION_FAILED', objection);
}

function checkStagedSame(
  mounted: MountEntry,
  isOurs: boolean,
  { volumeId, stagingPath, capability: { access } }: StageOptions,
): void {
  if (!isOurs) {
    throw new DriverError(
      'PUBLISH_INCOMPATIBLE',
      `Something else (${mounted.fsType} of ${mounted.source}) is mounted at the staging path ${stagingPath} of volume ${volumeId}. Unmount it first.`,
    );
  }
  const flag = access.kind === 'mount' ? findFlagDifference(mounted.options, access.mountFlags) : undefined;
  if (flag === undefined) return;
  throw new DriverError(
    'PUBLISH_INCOMPATIBLE',
    `Volume ${volumeId} is staged at ${stagingPath} already, ${mounted.options.includes(flag) ? 'with' : 'without'} the mount option ${flag}, unlike what is asked now. Unstage it first.`,
  );
}
