import type { LoopDevice } from '../../../host/host.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import type { FileNodeContext } from './context.ts';
import type { LocalVolume } from './locate.ts';
import { findIdentity, isMountOf } from './mount-table.ts';

/** How a volume shows on this machine at this moment. */
export interface Appearance {
  /** The loop devices over its image; none for a directory. */
  readonly loops: readonly LoopDevice[];
  /** Whether a mount is one of this volume: of its tree, its file system, or its device. */
  readonly isOurs: (entry: MountEntry) => boolean;
}

/** What of the machine the mount table and loop devices say about a volume. Nothing is remembered between calls. */
export async function getAppearance(
  { loops }: Pick<FileNodeContext, 'loops'>,
  volume: LocalVolume,
  table: readonly MountEntry[],
  signal: AbortSignal,
): Promise<Appearance> {
  const { kept } = volume.record;
  if (kept.layout === 'directory') {
    const identity = findIdentity(table, volume.path);
    return { loops: [], isOurs: (entry) => identity !== undefined && isMountOf(entry, identity) };
  }
  const devices = await loops.listOf(volume.path, signal);
  // What shows a part of the image, as one of its partitions, is somebody else's.
  const whole = devices.filter(({ partial }) => !partial);
  if (kept.accessType === 'mount') {
    return { loops: devices, isOurs: (entry) => whole.some((device) => isFileSystemOn(entry, device)) };
  }
  return { loops: devices, isOurs: (entry) => whole.some((device) => isNodeOf(entry, device, table)) };
}

/** Whether a mount shows the node of this device: the target of a raw block volume. */
export function isNodeOf(entry: MountEntry, device: LoopDevice, table: readonly MountEntry[]): boolean {
  const identity = findIdentity(table, device.device);
  return identity !== undefined && isMountOf(entry, identity);
}

/** Whether an error has stopped the file system of an image: they are always mounted writable, so that no other read-only ones are there. */
export function isStopped({ superOptions }: MountEntry): boolean {
  return ['ro', 'emergency_ro', 'shutdown'].some((word) => superOptions.includes(word));
}

/** btrfs shows a number of its own in place of its device's, but names the device. */
function isFileSystemOn(entry: MountEntry, { device, majorMinor }: LoopDevice): boolean {
  if (entry.root !== '/') return false;
  return entry.fsType === 'btrfs' ? entry.source === device : entry.majorMinor === majorMinor;
}
