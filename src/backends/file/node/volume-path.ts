import { quote } from '../../../base/quote.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import type { VolumePathOptions } from '../../backend.ts';
import type { Appearance } from './appearance.ts';
import { getAppearance } from './appearance.ts';
import type { FileNodeContext } from './context.ts';
import type { LocalVolume } from './locate.ts';
import { getVolume } from './locate.ts';
import { findMountAt } from './mount-table.ts';
import { findCanonicalPath } from './paths.ts';

/** A volume found at a path that a call named. */
export interface MountedVolume {
  readonly volume: LocalVolume;
  readonly appearance: Appearance;
  readonly table: readonly MountEntry[];
  /** Canonical. */
  readonly path: string;
}

/**
 * The volume at a path where it is staged or published. The volume is looked up first, then the path, whatever that is. Throws
 * VOLUME_NOT_FOUND and PATH_NOT_FOUND.
 */
export async function getVolumeAt(
  context: FileNodeContext,
  { volumeId, volumePath }: VolumePathOptions,
  signal: AbortSignal,
): Promise<MountedVolume> {
  const volume = await getVolume(context, volumeId, signal);
  const path = await findCanonicalPath(volumePath);
  const table = await context.mounts.list(signal);
  const appearance = await getAppearance(context, volume, table, signal);
  const mounted = path === undefined ? undefined : findMountAt(table, path);
  if (path !== undefined && mounted !== undefined && appearance.isOurs(mounted)) {
    return { volume, appearance, table, path };
  }
  throw new DriverError(
    'PATH_NOT_FOUND',
    `Volume ${volumeId} is not mounted at ${quote(volumePath)} on this node.`,
  );
}
