import { DriverError } from '../../../domain/errors.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import { getAppearance } from './appearance.ts';
import type { FileNodeContext } from './context.ts';
import { findMountedLoopNode, isLeftover } from './leftovers.ts';
import type { LocalVolume } from './locate.ts';
import { findMountAt } from './mount-table.ts';

/** The mounts to be taken away. */
export interface Release {
  readonly volumeId: string;
  /** Undefined when the volume is gone or its pool is away. */
  readonly volume: LocalVolume | undefined;
  /** Canonical. */
  readonly path: string;
}

/**
 * Unmounts every layer of the volume at a path; nothing mounted is fine. Throws PRECONDITION_FAILED when something else is mounted
 * there, which stays.
 */
export async function unmountAll(
  context: FileNodeContext,
  release: Release,
  signal: AbortSignal,
): Promise<void> {
  let table = await context.mounts.list(signal);
  for (;;) {
    const entry = findMountAt(table, release.path);
    if (entry === undefined) return;
    if (!(await isReleasable(context, release, { entry, table }, signal))) throw foreignMount(release, entry);
    await context.mounts.unmount(release.path, signal);
    table = table.filter((other) => other !== entry);
  }
}

async function isReleasable(
  context: FileNodeContext,
  { volume, volumeId }: Release,
  { entry, table }: { readonly entry: MountEntry; readonly table: readonly MountEntry[] },
  signal: AbortSignal,
): Promise<boolean> {
  if (volume !== undefined) {
    const { isOurs } = await getAppearance(context, volume, table, signal);
    if (isOurs(entry)) return true;
    const isBlock = volume.record.kept.layout === 'image' && volume.record.kept.accessType === 'block';
    // The device may have been detached behind our back: its node still lies on the target, and pins nothing.
    if (isBlock && findMountedLoopNode(entry) !== undefined) return true;
  }
  return await isLeftover(context, volumeId, entry, signal);
}

function foreignMount({ volumeId, path }: Release, entry: MountEntry): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `What is mounted at ${path} (${entry.fsType} of ${entry.source}) is not volume ${volumeId}, so it was left alone. Look at it and unmount it by hand.`,
  );
}
