import { open } from 'node:fs/promises';
import { DriverError } from '../../domain/errors.ts';
import { parseSuperblock, SUPERBLOCK_AREA_BYTES, type Superblock } from './superblock.ts';

/**
 * Reads the superblock of a device that may be mounted. Undefined when there is none of ours. Throws POOL_UNAVAILABLE
 * (DriverError) when the device cannot be read: what is on it is then unknown.
 */
export async function findSuperblock(device: string): Promise<Superblock | undefined> {
  try {
    await using file = await open(device, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SUPERBLOCK_AREA_BYTES), 0, undefined, 0);
    return parseSuperblock(buffer.subarray(0, bytesRead));
  } catch (error) {
    throw new DriverError(
      'POOL_UNAVAILABLE',
      `The device ${device} cannot be read, so what is on it is unknown. Look at the kernel's log for errors of the disk.`,
      { cause: error },
    );
  }
}

/** As {@link findSuperblock}, but throws PRECONDITION_FAILED (DriverError) unless a finished file system of this type is there. */
export async function getSuperblock(device: string, type: Superblock['type']): Promise<Superblock> {
  const found = await findSuperblock(device);
  if (found?.type === type && found.isComplete) return found;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `The device ${device} has no whole ${type} file system: its superblock is ${describe(found)}. Restore the volume from a snapshot, or repair it by hand.`,
  );
}

function describe(found: Superblock | undefined): string {
  if (found === undefined) return 'missing or damaged';
  return found.isComplete ? `that of ${found.type}` : `that of a ${found.type} whose mkfs did not finish`;
}
