import type { VolumeRecord } from '../../../filestore/records.ts';
import type { Filesystem } from '../../../host/filesystems/filesystem.ts';
import { toMountFlags } from '../mount-flags.ts';
import type { FileNodeContext } from './context.ts';
import type { LocalVolume } from './locate.ts';
import { ensureWritableLoop, getImageRecord } from './loop-device.ts';
import { applyOwner } from './owner.ts';
import type { StagePlace } from './stage-directory.ts';
import { undo } from './undo.ts';

/** Stages a raw block volume: its loop device. */
export async function stageBlock(
  context: FileNodeContext,
  volume: LocalVolume,
  signal: AbortSignal,
): Promise<void> {
  await ensureWritableLoop(context, volume, signal);
}

/**
 * Stages an image with a file system: attach, make or check the file system, mount, grow it to its device, give its root its owner. Each
 * step finds its own work done, so a call after a crash goes on where the last one ended; a failed call takes back what it did.
 */
export async function stageFileSystem(
  context: FileNodeContext,
  volume: LocalVolume,
  place: StagePlace,
  signal: AbortSignal,
): Promise<void> {
  const { loops, mounts, logger } = context;
  const { stagingPath } = place;
  await using taken = new AsyncDisposableStack();
  const { loop, isNew } = await ensureWritableLoop(context, volume, signal);
  if (isNew) {
    const detach = async (own: AbortSignal): Promise<void> => await loops.detachAll(volume.path, own);
    taken.defer(undo(logger, `loop device ${loop.device}`, detach));
  }

  const { isNewlyMade, filesystem } = await prepareFileSystem(context, volume, loop.device, signal);

  await mounts.mount(
    {
      source: loop.device,
      target: stagingPath,
      fsType: filesystem.type,
      readOnly: false,
      options: [...filesystem.mountOptions, ...toMountFlags(place.access.mountFlags)],
    },
    signal,
  );
  taken.defer(undo(logger, `mount at ${stagingPath}`, async (own) => await mounts.unmount(stagingPath, own)));

  if (!isNewlyMade && !filesystem.growsOffline) {
    await filesystem.grow({ device: loop.device, mountPoint: stagingPath }, signal);
  }
  await applyOwner(stagingPath, volume.record);
  taken.move();
}

/** Everything that is done to the file system before it is mounted. */
async function prepareFileSystem(
  context: FileNodeContext,
  volume: LocalVolume,
  device: string,
  signal: AbortSignal,
): Promise<{ readonly isNewlyMade: boolean; readonly filesystem: Filesystem }> {
  const { record } = volume;
  const filesystem = context.getFilesystem(getImageRecord(volume).fsType ?? 'ext4');
  const { made: isNewlyMade } = await context.formatter.ensureFormatted(
    {
      device,
      volumeId: record.id,
      expectedSizeBytes: record.capacityBytes,
      fsType: filesystem.type,
      label: toLabel(record),
    },
    signal,
  );
  if (isNewlyMade) return { isNewlyMade, filesystem };
  await filesystem.check(device, signal);
  await renewIdentity(volume, { device, filesystem }, signal);
  if (filesystem.growsOffline) await filesystem.grow({ device, mountPoint: undefined }, signal);
  return { isNewlyMade, filesystem };
}

/** A clone has its source's identity; where two of the same cannot be mounted at once it gets one of its own, once. */
async function renewIdentity(
  { record, store }: LocalVolume,
  { device, filesystem }: { readonly device: string; readonly filesystem: Filesystem },
  signal: AbortSignal,
): Promise<void> {
  const isPending = record.kept.layout === 'image' && record.kept.identityPending;
  if (!isPending) return;
  await filesystem.renewIdentity?.(device, signal);
  await store.markIdentityRenewed({ id: record.id }, signal);
}

/** At most 12 characters, the least that every file system takes: the beginning of the volume's hash. */
function toLabel({ id }: VolumeRecord): string {
  return id.split('-')[1]?.slice(0, 12) ?? '';
}
