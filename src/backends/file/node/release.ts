import { DriverError } from '../../../domain/errors.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import { getAppearance } from './appearance.ts';
import type { FileNodeContext } from './context.ts';
import type { TableEntry } from './leftovers.ts';
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
  at: TableEntry,
  signal: AbortSignal,
): Promise<boolean> {
  if (volume !== undefined) {
    const { isOurs } = await getAppearance(context, volume, at.table, signal);
    if (isOurs(at.entry)) return true;
    const isBlock = volume.record.kept.layout === 'image' && volume.record.kept.accessType === 'block';
    if (isBlock && (await isIdleNode(context, at.entry))) return true;
  }
  return await isLeftover(context, volumeId, at, signal);
}

/** A device that was detached behind our back leaves its node on the target, which pins nothing. */
async function isIdleNode(context: FileNodeContext, entry: MountEntry): Promise<boolean> {
  const device = findMountedLoopNode(entry);
  return device !== undefined && (await context.findBackingPath(device)) === undefined;
}

function foreignMount({ volumeId, path }: Release, entry: MountEntry): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `What is mounted at ${path} (${entry.fsType} of ${entry.source}) is not volume ${volumeId}, so it was left alone. Look at it and unmount it by hand; if it is a volume of a pool that is not in the configuration, put the pool back.`,
  );
}
