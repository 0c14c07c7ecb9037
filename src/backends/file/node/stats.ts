import type { VolumeStats } from '../../../domain/volume.ts';
import type { FileSystemUse } from '../../../host/syscalls/syscalls.ts';
import type { VolumePathOptions } from '../../backend.ts';
import type { FileNodeContext } from './context.ts';
import type { MountedVolume } from './volume-path.ts';
import { getVolumeAt } from './volume-path.ts';

/**
 * CSI NodeGetVolumeStats: use of the volume, not of the disk that it is on. A directory's comes from its quota, since statfs may show the whole
 * pool; an image's from its own file system; of a raw device only the size is known.
 */
export async function getStats(
  context: FileNodeContext,
  options: VolumePathOptions,
  signal: AbortSignal,
): Promise<VolumeStats> {
  const mounted = await getVolumeAt(context, options, signal);
  const { kept } = mounted.volume.record;
  if (kept.layout === 'directory') return await getDirectoryStats(context, mounted, signal);
  if (kept.accessType === 'mount') {
    return toStats(await context.syscalls.statfs({ path: mounted.path }, signal));
  }
  return { bytes: { total: await getDeviceBytes(context, mounted, signal) } };
}

async function getDirectoryStats(
  { syscalls }: FileNodeContext,
  { path, volume }: MountedVolume,
  signal: AbortSignal,
): Promise<VolumeStats> {
  const usage = await volume.store.getUsage({ id: volume.record.id }, signal);
  const bytes = {
    total: usage.capacityBytes,
    used: usage.usedBytes,
    available: Math.max(0, usage.capacityBytes - usage.usedBytes),
  };
  const used = usage.usedInodes;
  const { totalInodes, freeInodes } = await syscalls.statfs({ path }, signal);
  if (used === undefined || totalInodes === 0) return { bytes };
  return { bytes, inodes: { total: used + freeInodes, used, available: freeInodes } };
}

async function getDeviceBytes(
  { syscalls }: FileNodeContext,
  { appearance, volume }: MountedVolume,
  signal: AbortSignal,
): Promise<number> {
  const [loop] = appearance.loops;
  if (loop === undefined) return volume.record.capacityBytes;
  return (await syscalls.getDeviceSize({ device: loop.device }, signal)).sizeBytes;
}

function toStats(use: FileSystemUse): VolumeStats {
  const bytes = {
    total: use.totalBytes,
    used: use.totalBytes - use.freeBytes,
    available: use.availableBytes,
  };
  // btrfs makes inodes as it needs them and states no number.
  if (use.totalInodes === 0) return { bytes };
  const inodes = {
    total: use.totalInodes,
    used: use.totalInodes - use.freeInodes,
    available: use.freeInodes,
  };
  return { bytes, inodes };
}
