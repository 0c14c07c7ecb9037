import { DriverError } from '../../../domain/errors.ts';
import type { LoopDevice } from '../../../host/host.ts';
import type { FileNodeContext } from './context.ts';
import type { LocalVolume } from './locate.ts';

type LoopContext = Pick<FileNodeContext, 'loops' | 'syscalls'>;

/** The image's record. Throws for a directory: callers have looked at the layout. */
export function getImageRecord({ record }: LocalVolume) {
  if (record.kept.layout === 'image') return record.kept;
  throw new DriverError('INTERNAL', `Volume ${record.id} is a directory, but it is treated as an image.`);
}

/**
 * The writable loop device over the volume's image, attached now if there is none. One that is there already may be older than the
 * image's last growth, so it is told to look. Says whether it was attached now.
 */
export async function ensureWritableLoop(
  { loops, syscalls }: LoopContext,
  volume: LocalVolume,
  signal: AbortSignal,
): Promise<{ readonly loop: LoopDevice; readonly isNew: boolean }> {
  const present = await loops.listOf(volume.path, signal);
  const existing = findLoop(present, { readOnly: false });
  if (existing !== undefined) {
    const loop = await loops.keep(volume.path, existing, signal);
    await loops.resize(loop.device, signal);
    return { loop, isNew: false };
  }
  const { sectorSizeBytes } = getImageRecord(volume);
  const options = { file: volume.path, readOnly: false, sectorSizeBytes };
  if (present.length === 0) return { loop: await loops.ensure(options, signal), isNew: true };
  // Only read-only ones: an unstage was killed between two of its devices.
  const attached = await syscalls.attachLoop({ ...options, directIo: true }, signal);
  return { loop: { ...attached, readOnly: false, detaching: false, partial: false }, isNew: true };
}

/**
 * A second, read-only device over the image, for raw block publishes that must not write: a read-only bind mount of a device's node stops
 * nobody from writing to the device, and making the one device read-only would stop its writers.
 */
export async function ensureReadOnlyLoop(
  { loops, syscalls }: LoopContext,
  volume: LocalVolume,
  signal: AbortSignal,
): Promise<LoopDevice> {
  const existing = findLoop(await loops.listOf(volume.path, signal), { readOnly: true });
  if (existing !== undefined) return await loops.keep(volume.path, existing, signal);
  const { sectorSizeBytes } = getImageRecord(volume);
  const call = { file: volume.path, readOnly: true, directIo: true, sectorSizeBytes };
  const attached = await syscalls.attachLoop(call, signal);
  return { ...attached, readOnly: true, detaching: false, partial: false };
}

/** The device that a raw block volume is staged as; undefined when there is none, or only one that goes with its last user. */
export function findStagedLoop(present: readonly LoopDevice[]): LoopDevice | undefined {
  return present.find(({ readOnly, partial, detaching }) => !readOnly && !partial && !detaching);
}

/** One that shows the whole image, if there is one; of the others it is said what is wrong when they are kept. */
function findLoop(
  present: readonly LoopDevice[],
  { readOnly }: Pick<LoopDevice, 'readOnly'>,
): LoopDevice | undefined {
  const candidates = present.filter((loop) => loop.readOnly === readOnly);
  return candidates.find(({ partial }) => !partial) ?? candidates[0];
}
