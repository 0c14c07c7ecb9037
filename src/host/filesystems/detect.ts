import { open } from 'node:fs/promises';
import { DriverError } from '../../domain/errors.ts';
import {
  type Area,
  findSignatures,
  listSignatureRanges,
  type Range,
  readRanges,
  withoutHole,
} from '../signatures-areas.ts';
import { findExtVariant, parseSuperblock, type Superblock } from './superblock.ts';

/** What is on a device, as far as its signature areas show. */
export type Content =
  /** Every signature area was read, and all of them are zero. */
  | { readonly kind: 'blank' }
  /** One of ours, whole or not, and nothing else that speaks against it. */
  | { readonly kind: 'filesystem'; readonly superblock: Superblock }
  /** Something that is not ours, by its names; or bytes that nobody knows (no names). */
  | { readonly kind: 'foreign'; readonly names: readonly string[] };

/** Ext4 and btrfs leave this much of the device's start alone, so no file's content can be there. */
const UNUSED_START_BYTES = 1024;

export interface DetectOptions {
  readonly device: string;
  readonly sizeBytes: number;
  /** A stretch to take no notice of: where the formatter keeps its own header. */
  readonly except?: Range;
}

/**
 * Finds out what is on a device or in a file by reading its signature areas. Throws POOL_UNAVAILABLE (DriverError) when any
 * of them cannot be read: what is not readable is never blank.
 */
export async function detectContent({ device, sizeBytes, except }: DetectOptions): Promise<Content> {
  const ranges = listSignatureRanges(sizeBytes);
  let areas: readonly Area[];
  try {
    await using file = await open(device, 'r');
    areas = await readRanges(file, except === undefined ? ranges : withoutHole(ranges, except));
  } catch (error) {
    throw new DriverError(
      'POOL_UNAVAILABLE',
      `The device ${device} cannot be read, so what is on it is unknown and nothing is made there. Look at the kernel's log for errors of the disk.`,
      { cause: error },
    );
  }
  return toContent(areas, sizeBytes);
}

function toContent(areas: readonly Area[], sizeBytes: number): Content {
  if (areas.every((area) => isZero(area.bytes))) return { kind: 'blank' };
  const start = areas[0]?.bytes ?? Buffer.alloc(0);
  const found = findSignatures(areas, sizeBytes);
  const superblock = parseSuperblock(start);
  const contradictions = found.filter(
    (one) => one.position < UNUSED_START_BYTES && !one.name.includes('xfs'),
  );
  if (superblock !== undefined && contradictions.length === 0) return { kind: 'filesystem', superblock };
  const ext = findExtVariant(start);
  const names = found.map((one) => one.name);
  return { kind: 'foreign', names: ext === undefined ? names : [`an ${ext} file system`, ...names] };
}

function isZero(bytes: Buffer): boolean {
  const probe = Buffer.alloc(Math.min(bytes.length, 64 * 1024));
  for (let offset = 0; offset < bytes.length; offset += probe.length) {
    const length = Math.min(probe.length, bytes.length - offset);
    if (bytes.compare(probe, 0, length, offset, offset + length) !== 0) return false;
  }
  return true;
}
