import { DriverError } from '../domain/errors.ts';
import { parseObjectId } from '../domain/ids.ts';
import { fsyncDirectory } from '../base/durable-files.ts';
import { unlinkClaim } from './claims.ts';
import { layoutOf, locateContent } from './objects.ts';
import type { VolumeRecord } from './records.ts';
import { setAside } from './set-aside.ts';
import type { StoreContext } from './store-context.ts';

/**
 * See FileStore.deleteVolume. The rename is one transaction in every journal, so that syncing the directory that was left makes the arrival in the
 * trash durable, too: a power cut must not bring back what was answered as removed, nor lose sight of its blocks.
 */
export async function deleteVolume(context: StoreContext, id: string, signal: AbortSignal): Promise<void> {
  await context.presence.check();
  const hash = parseObjectId(id)?.hash;
  if (hash === undefined) return;
  using _lock = await context.locks.acquire(`volume:${id}`, signal);
  const volume = await context.volumes.findById(id);
  if (volume === undefined) return;
  using _seal = context.pins.seal(id);
  // Whoever changes the volume holds it, too, and was refused by the seal; whoever only examines it is waited for.
  using _record = await context.locks.acquire(`record:${id}`, signal);
  await checkNotUsed(context, volume, signal);
  if (volume.onDelete === undefined)
    await context.trash.discard(context.paths.objectDirectory('volume', hash), id);
  else await setAside(context, volume, volume.onDelete);
  await context.onStep('discarded');
  context.volumes.remove(hash);
  context.meter.forget(id);
  context.cuts.forget(id);
  await fsyncDirectory(context.paths.volumes);
  await context.onStep('removal-synced');
  await unlinkClaim(context, volume, hash);
}

/** See FileStore.deleteSnapshot. */
export async function deleteSnapshot(context: StoreContext, id: string): Promise<void> {
  await context.presence.check();
  const hash = parseObjectId(id)?.hash;
  if (hash === undefined || (await context.snapshots.findById(id)) === undefined) return;
  using _seal = context.pins.seal(id);
  await context.trash.discard(context.paths.objectDirectory('snapshot', hash), id);
  await context.onStep('discarded');
  context.snapshots.remove(hash);
  context.meter.forget(id);
  await fsyncDirectory(context.paths.snapshots);
}

async function checkNotUsed(context: StoreContext, volume: VolumeRecord, signal: AbortSignal): Promise<void> {
  const content = { path: locateContent(context, volume), kept: volume.kept };
  const use = await layoutOf(context, volume).findUse(content, signal);
  if (use === undefined) return;
  throw new DriverError(
    'VOLUME_IN_USE',
    `The volume ${volume.id} is in use: ${use}. Stop the pods that use it and let it be unmounted, then delete it again.`,
  );
}
