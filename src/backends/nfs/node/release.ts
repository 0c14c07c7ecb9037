import { DriverError } from '../../../domain/errors.ts';
import type { UnpublishOptions, UnstageOptions } from '../../backend.ts';
import { findMountAt } from '../../file/node/mount-table.ts';
import { listUnusedPlaces } from '../worker/mount-places.ts';
import { findCanonicalPath, removeTarget } from '../../file/node/paths.ts';
import type { NfsNodeContext } from './context.ts';
import { isMountOfVolume } from './volume-mounts.ts';

/** Bound on taking unused mounts away, in the background. */
const RELEASE_MS = 60_000;

/** CSI NodeUnpublishVolume; contract as in backend.ts. Asks nobody but this node's kernel, and works whatever the server does. */
export async function unpublish(
  context: NfsNodeContext,
  { volumeId, targetPath }: UnpublishOptions,
  signal: AbortSignal,
): Promise<void> {
  using _lock = await context.locks.acquire(`volume:${volumeId}`, signal);
  const path = await findCanonicalPath(targetPath);
  if (path === undefined) return;
  await detachAll(context, { volumeId, path }, signal);
  await removeTarget(path);
}

/** CSI NodeUnstageVolume; contract as in backend.ts. The mount that it came from is taken away in the background when nobody else uses it, which may wait for the server. */
export async function unstage(
  context: NfsNodeContext,
  { volumeId, stagingPath }: UnstageOptions,
  signal: AbortSignal,
): Promise<void> {
  using _lock = await context.locks.acquire(`volume:${volumeId}`, signal);
  const path = await findCanonicalPath(stagingPath);
  if (path === undefined) return;
  await detachAll(context, { volumeId, path }, signal);
  await releaseUnusedMounts(context, signal);
}

/** Has mounts of exports taken away that no volume uses any more: in the background, since that may wait for their servers. Never throws for a pool's sake. */
export async function releaseUnusedMounts(
  { workers, mountDirectory, mounts, logger }: Omit<NfsNodeContext, 'locks' | 'syscalls'>,
  signal: AbortSignal,
): Promise<void> {
  const table = await mounts.list(signal);
  for (const { pool, worker } of workers.list()) {
    if (listUnusedPlaces(mountDirectory, pool.name, table).length === 0) continue;
    void worker.call('releaseMounts', undefined, AbortSignal.timeout(RELEASE_MS)).catch((error: unknown) => {
      logger.debug('Unused mounts could not be taken away; they stay until the next time', {
        pool: pool.name,
        err: error,
      });
    });
  }
}

/** Detaches every layer of the volume at a path (umount2(2) with MNT_DETACH and UMOUNT_NOFOLLOW). Throws PRECONDITION_FAILED when something else is mounted there, which stays. */
async function detachAll(
  context: NfsNodeContext,
  { volumeId, path }: { readonly volumeId: string; readonly path: string },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const table = await context.mounts.list(signal);
    const entry = findMountAt(table, path);
    if (entry === undefined) return;
    if (!isMountOfVolume(context, volumeId, { entry, table })) {
      throw new DriverError(
        'PRECONDITION_FAILED',
        `What is mounted at ${path} (${entry.fsType} of ${entry.source}) is not volume ${volumeId}, so it was left alone. Look at it and unmount it by hand.`,
      );
    }
    await context.syscalls.unmount({ target: path, detach: true }, signal);
  }
}
