import { DriverError } from '../../../domain/errors.ts';
import type { NodeExpandOptions } from '../../backend.ts';
import type { FileNodeContext } from './context.ts';
import { volumeLockKey } from './context.ts';
import { findMountAt } from './mount-table.ts';
import { getImageRecord } from './loop-device.ts';
import type { MountedVolume } from './volume-path.ts';
import { getVolumeAt } from './volume-path.ts';

/**
 * CSI NodeExpandVolume: lets devices and file system follow the size that the controller has given the volume. Already there is
 * fine. Throws SIZE_OUT_OF_RANGE when the controller has not, INVALID_ARGUMENT for the wrong kind of access, PRECONDITION_FAILED when the file system cannot grow
 * while it is mounted.
 */
export async function expand(
  context: FileNodeContext,
  options: NodeExpandOptions,
  signal: AbortSignal,
): Promise<{ readonly capacityBytes: number }> {
  using _lock = await context.locks.acquire(volumeLockKey(options.volumeId), signal);
  const mounted = await getVolumeAt(context, options, signal);
  checkRequest(mounted, options);
  const { record } = mounted.volume;
  if (record.kept.layout === 'image') await expandImage(context, mounted, signal);
  return { capacityBytes: record.capacityBytes };
}

function checkRequest({ volume: { record } }: MountedVolume, { access, range }: NodeExpandOptions): void {
  const keptFor = record.kept.layout === 'image' ? record.kept.accessType : 'mount';
  if (access !== undefined && access.kind !== keptFor) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      `Volume ${record.id} is for ${keptFor} access and cannot be expanded as one for ${access.kind} access.`,
    );
  }
  const requiredBytes = range?.requiredBytes ?? 0;
  if (requiredBytes <= record.capacityBytes) return;
  throw new DriverError(
    'SIZE_OUT_OF_RANGE',
    `Volume ${record.id} has ${record.capacityBytes} bytes, and ${requiredBytes} are asked for. Expand it on the controller first.`,
  );
}

async function expandImage(
  { getFilesystem, loops }: FileNodeContext,
  { appearance, table, volume }: MountedVolume,
  signal: AbortSignal,
): Promise<void> {
  const { accessType, fsType } = getImageRecord(volume);
  for (const { device } of appearance.loops) await loops.resize(device, signal);
  if (accessType === 'block') return;
  // A read-only bind mount of the file system does not let it grow, and a mount that another hides is not what its path leads to.
  const writable = table.find(
    (entry) =>
      appearance.isOurs(entry) &&
      !entry.options.includes('ro') &&
      findMountAt(table, entry.mountPoint) === entry,
  );
  const loop = appearance.loops.find(({ readOnly }) => !readOnly);
  if (writable === undefined || loop === undefined) {
    throw new DriverError(
      'PRECONDITION_FAILED',
      `Volume ${volume.record.id} is mounted read-only only and cannot grow so. It grows when it is staged the next time.`,
    );
  }
  const filesystem = getFilesystem(fsType ?? 'ext4');
  await filesystem.grow({ device: loop.device, mountPoint: writable.mountPoint }, signal);
}
