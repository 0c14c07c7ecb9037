import type { UnpublishOptions } from '../../backend.ts';
import { findObjectId } from '../stores.ts';
import type { FileNodeContext } from './context.ts';
import { volumeLockKey } from './context.ts';
import { findVolumeToRelease } from './locate.ts';
import { findCanonicalPath, removeTarget } from './paths.ts';
import { unmountAll } from './release.ts';

/**
 * CSI NodeUnpublishVolume; contract as in backend.ts. An id that this driver cannot have given out has nothing published, so
 * nothing is touched for it.
 */
export async function unpublish(
  context: FileNodeContext,
  { volumeId, targetPath }: UnpublishOptions,
  signal: AbortSignal,
): Promise<void> {
  if (findObjectId('volume', volumeId) === undefined) return;
  using _lock = await context.locks.acquire(volumeLockKey(volumeId), signal);
  const path = await findCanonicalPath(targetPath);
  if (path === undefined) return;
  const volume = await findVolumeToRelease(context, volumeId, signal);
  await unmountAll(context, { volumeId, volume, path }, signal);
  await removeTarget(path);
}
