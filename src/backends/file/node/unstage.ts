import { DriverError } from '../../../domain/errors.ts';
import { isErrno } from '../../../host/errno.ts';
import type { UnstageOptions } from '../../backend.ts';
import { findObjectId } from '../stores.ts';
import { getAppearance } from './appearance.ts';
import type { FileNodeContext } from './context.ts';
import { volumeLockKey } from './context.ts';
import { findMountedLoopNode, listLeftoverLoops } from './leftovers.ts';
import type { LocalVolume } from './locate.ts';
import { findVolumeToRelease } from './locate.ts';
import { findCanonicalPath } from './paths.ts';
import { unmountAll } from './release.ts';

/**
 * CSI NodeUnstageVolume; contract as in backend.ts. Succeeds once an image's device is free: until then writes may go on, and the
 * answer is OPERATION_PENDING.
 */
export async function unstage(
  context: FileNodeContext,
  { volumeId, stagingPath }: UnstageOptions,
  signal: AbortSignal,
): Promise<void> {
  if (findObjectId('volume', volumeId) === undefined) return;
  using _lock = await context.locks.acquire(volumeLockKey(volumeId), signal);
  const volume = await findVolumeToRelease(context, volumeId, signal);
  const path = await findCanonicalPath(stagingPath);
  if (path !== undefined) await unmountAll(context, { volumeId, volume, path }, signal);
  if (volume === undefined) await detachLeftovers(context, volumeId, signal);
  else if (volume.record.kept.layout === 'image') await detach(context, volume, signal);
}

async function detach(context: FileNodeContext, volume: LocalVolume, signal: AbortSignal): Promise<void> {
  const table = await context.mounts.list(signal);
  const { isOurs, loops } = await getAppearance(context, volume, table, signal);
  if (loops.length === 0) return;
  const other = table.find(isOurs);
  if (other !== undefined) {
    throw new DriverError(
      'OPERATION_PENDING',
      `Volume ${volume.record.id} is still mounted at ${other.mountPoint}, so its device stays attached. Unpublish it there and try again.`,
    );
  }
  await context.loops.detachAll(volume.path, signal);
}

/** Frees the devices of a volume of which no record says where it is. */
async function detachLeftovers(
  context: FileNodeContext,
  volumeId: string,
  signal: AbortSignal,
): Promise<void> {
  const { mounts, syscalls } = context;
  const table = await mounts.list(signal);
  const loops = await listLeftoverLoops(context, volumeId, table, signal);
  for (const { device, backingDevice, backingInode } of loops) {
    const node = table.find((entry) => findMountedLoopNode(entry) === device);
    if (node !== undefined) throw stillInUse(device, volumeId, `is published at ${node.mountPoint}`);
    try {
      await syscalls.probeExclusive({ device }, signal);
      await syscalls.detachLoop({ device, backingDevice, backingInode }, signal);
    } catch (error) {
      if (!isErrno(error, 'EBUSY')) throw error;
      throw stillInUse(device, volumeId, 'is in use', error);
    }
  }
}

function stillInUse(device: string, volumeId: string, how: string, cause?: unknown): DriverError {
  return new DriverError(
    'OPERATION_PENDING',
    `The device ${device} of volume ${volumeId} ${how} still. Take it down there and try again.`,
    { cause },
  );
}
