import { stat } from 'node:fs/promises';
import { startDeadline } from '../../../base/deadline.ts';
import { quote } from '../../../base/quote.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { VolumeRecord } from '../../../filestore/records.ts';
import type { Filesystem } from '../../../host/filesystems/filesystem.ts';
import { SystemCallError } from '../../../host/errno.ts';
import { toMountFlags } from '../mount-flags.ts';
import type { FileNodeContext } from './context.ts';
import type { LocalVolume } from './locate.ts';
import { ensureWritableLoop, getImageRecord } from './loop-device.ts';
import { applyOwner, replaceOwner } from './owner.ts';
import type { StagePlace } from './stage-directory.ts';
import { undo } from './undo.ts';

/** Bound on the steps before a file system is checked, and again on those after: they are quick, or something hangs. */
export const STEPS_DEADLINE_MS = 110_000;

/** Stages a raw block volume: its loop device. */
export async function stageBlock(
  context: FileNodeContext,
  volume: LocalVolume,
  signal: AbortSignal,
): Promise<void> {
  await ensureWritableLoop(context, volume, signal);
}

/** Where an image is staged, and whether its file system is mounted elsewhere at this moment. */
export interface ImagePlace extends StagePlace {
  readonly isInUse: boolean;
}

/**
 * Stages an image with a file system: attach, make or check the file system, mount, grow it to its device, give its root its owner. Each
 * step finds its own work done, so a call after a crash goes on where the last one ended; a failed call takes back what it did. A file system that is in use
 * is mounted once more and otherwise left alone. The signal bounds making, checking and growing it before it is mounted.
 */
export async function stageFileSystem(
  context: FileNodeContext,
  volume: LocalVolume,
  place: ImagePlace,
  signal: AbortSignal,
): Promise<void> {
  const { loops, mounts, logger } = context;
  const { stagingPath } = place;
  await using taken = new AsyncDisposableStack();
  using before = startDeadline(signal, STEPS_DEADLINE_MS);
  const { loop, isNew } = await ensureWritableLoop(context, volume, before.signal);
  if (isNew) {
    const detach = async (own: AbortSignal): Promise<void> => await loops.detachAll(volume.path, own);
    taken.defer(undo(logger, `loop device ${loop.device}`, detach));
  }

  const filesystem = context.getFilesystem(getImageRecord(volume).fsType ?? 'ext4');
  const isNewlyMade =
    !place.isInUse && (await prepareFileSystem(context, volume, { device: loop.device, filesystem }, signal));

  using after = startDeadline(signal, STEPS_DEADLINE_MS);
  await mountImage(mounts, volume, { device: loop.device, filesystem, place }, after.signal);
  taken.defer(undo(logger, `mount at ${stagingPath}`, async (own) => await mounts.unmount(stagingPath, own)));

  if (!isNewlyMade) await growMounted({ device: loop.device, filesystem }, stagingPath, after.signal);
  await ensureOwner(volume, stagingPath, after.signal);
  taken.move();
}

/** What is left to do for an image that is mounted already: all of it, if the call that mounted it was killed before it was done. */
export async function finishStagedFileSystem(
  context: FileNodeContext,
  volume: LocalVolume,
  mountPoint: string,
  signal: AbortSignal,
): Promise<void> {
  const { loop } = await ensureWritableLoop(context, volume, signal);
  const filesystem = context.getFilesystem(getImageRecord(volume).fsType ?? 'ext4');
  await growMounted({ device: loop.device, filesystem }, mountPoint, signal);
  await ensureOwner(volume, mountPoint, signal);
}

/** A new file system gets its owner while it is as mkfs made it, a clone the one that was asked for, once. */
async function ensureOwner(
  { record, store }: LocalVolume,
  mountPoint: string,
  signal: AbortSignal,
): Promise<void> {
  if (record.kept.layout !== 'image' || record.kept.ownerPending !== true) {
    await applyOwner(mountPoint, record);
    return;
  }
  await replaceOwner(mountPoint, record);
  await store.markOwnerApplied({ id: record.id }, signal);
}

async function growMounted(
  { device, filesystem }: OnDevice,
  mountPoint: string,
  signal: AbortSignal,
): Promise<void> {
  if (!filesystem.growsOffline) await filesystem.grow({ device, mountPoint }, signal);
}

/** A file system and the device that it is on. */
interface OnDevice {
  readonly device: string;
  readonly filesystem: Filesystem;
}

/** Everything that is done to the file system before it is mounted. Says whether it was made now. */
async function prepareFileSystem(
  context: FileNodeContext,
  volume: LocalVolume,
  { device, filesystem }: OnDevice,
  signal: AbortSignal,
): Promise<boolean> {
  const { record } = volume;
  // An expansion that was cut short leaves the file larger than its record.
  const { size } = await stat(volume.path);
  const { made } = await context.formatter.ensureFormatted(
    {
      device,
      volumeId: record.id,
      expectedSizeBytes: Math.max(record.capacityBytes, size),
      fsType: filesystem.type,
      label: toLabel(record),
    },
    signal,
  );
  if (made) return true;
  await filesystem.check(device, signal);
  await renewIdentity(volume, { device, filesystem }, signal);
  if (filesystem.growsOffline) await filesystem.grow({ device, mountPoint: undefined }, signal);
  return false;
}

async function mountImage(
  mounts: FileNodeContext['mounts'],
  { record }: LocalVolume,
  { device, filesystem, place }: OnDevice & { readonly place: StagePlace },
  signal: AbortSignal,
): Promise<void> {
  const { stagingPath, access } = place;
  const options = [...filesystem.mountOptions, ...toMountFlags(access.mountFlags)];
  const { type: fsType } = filesystem;
  try {
    await mounts.mount({ source: device, target: stagingPath, fsType, readOnly: false, options }, signal);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    const asked =
      access.mountFlags.length === 0 ? '' : ` with the options ${quote(access.mountFlags.join(','))}`;
    throw new DriverError(
      'PRECONDITION_FAILED',
      `The kernel refuses to mount the ${fsType} of volume ${record.id} (${device}) at ${stagingPath}${asked}: ${error.code}. Its log (dmesg) says why; check mountOptions, or restore the volume from a snapshot.`,
      { cause: error },
    );
  }
}

/** A clone has its source's identity; where two of the same cannot be mounted at once it gets one of its own, once. */
async function renewIdentity(
  { record, store }: LocalVolume,
  { device, filesystem }: OnDevice,
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
