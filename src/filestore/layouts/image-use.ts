import type { Host, LoopDevice } from '../../host/host.ts';

/** How an image is in use on this machine. */
export interface ImageUse {
  readonly loops: readonly LoopDevice[];
  /** Where the file system in it is mounted; undefined when it is not. */
  readonly mountPoint: string | undefined;
}

/** Looks an image up among the loop devices and mounts, by what identifies it in every mount namespace. */
export async function getImageUse(host: Host, path: string, signal: AbortSignal): Promise<ImageUse> {
  const loops = await host.loops.listOf(path, signal);
  if (loops.length === 0) return { loops, mountPoint: undefined };
  const numbers = new Set(loops.map((loop) => loop.majorMinor));
  const devices = new Set(loops.map((loop) => loop.device));
  const mounts = await host.mounts.list(signal);
  // btrfs shows an anonymous device number, so there the source tells.
  const mount = mounts.find(
    (entry) => numbers.has(entry.majorMinor) || (entry.fsType === 'btrfs' && devices.has(entry.source)),
  );
  return { loops, mountPoint: mount?.mountPoint };
}
