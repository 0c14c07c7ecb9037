import { readFile, stat } from 'node:fs/promises';
import { isErrno } from './errno.ts';
import type { Mounts } from './host.ts';

const USUAL_SECTOR_BYTES = 512;

/**
 * The logical sector size of the disk below a path: what a loop device over a file there has to have for direct I/O. 512 where no single
 * disk is below (network, memory).
 */
export async function getSectorSize(
  mounts: Pick<Mounts, 'getHolding'>,
  path: string,
  signal: AbortSignal,
): Promise<number> {
  const { majorMinor, source } = await mounts.getHolding(path, signal);
  const number = majorMinor.startsWith('0:') ? await findDeviceNumber(source) : majorMinor;
  if (number === undefined) return USUAL_SECTOR_BYTES;
  // A partition has no queue of its own: that of its disk is one directory above.
  for (const queue of [`/sys/dev/block/${number}/queue`, `/sys/dev/block/${number}/../queue`]) {
    const bytes = await findNumber(`${queue}/logical_block_size`);
    if (bytes !== undefined) return bytes;
  }
  return USUAL_SECTOR_BYTES;
}

/** How many errors the mounted ext4 on a device (`/dev/loop7`) has met since it was checked; undefined when no ext4 is mounted from it. */
export async function findExt4Errors(device: string): Promise<number | undefined> {
  const name = /^\/dev\/([a-z0-9]+)$/.exec(device)?.[1];
  return name === undefined ? undefined : await findNumber(`/sys/fs/ext4/${name}/errors_count`);
}

/** btrfs has an anonymous device number; the disk is the one that it was mounted from. */
async function findDeviceNumber(source: string): Promise<string | undefined> {
  if (!source.startsWith('/dev/')) return undefined;
  try {
    const found = await stat(source);
    if (!found.isBlockDevice()) return undefined;
    return toMajorMinor(found.rdev);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** `major:minor` of a device number as stat(2) has it (glibc's encoding). */
export function toMajorMinor(rdev: number): string {
  const number = BigInt(rdev);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

async function findNumber(path: string): Promise<number | undefined> {
  try {
    const value = Number.parseInt(await readFile(path, 'utf8'), 10);
    return Number.isSafeInteger(value) ? value : undefined;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}
