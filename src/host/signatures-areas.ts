import type { FileHandle } from 'node:fs/promises';
import { SIGNATURES, toPosition } from './signatures.ts';

/** A stretch of a device. */
export interface Range {
  readonly offset: number;
  readonly length: number;
}

/** A stretch of a device with what is in it. */
export interface Area extends Range {
  readonly bytes: Buffer;
}

const MIB = 1024 * 1024;
/** Holds every header of the formats that are known, and the first ZFS labels and btrfs superblock. */
const END_BYTES = 1 * MIB;
/** Mirrors of the btrfs superblock beyond the start, and backups of ext superblocks (blocks of 4 KiB, and of 1 KiB). */
const INNER = [64 * MIB, 256 * 1024 * MIB, 128 * MIB, 8 * MIB] as const;
const INNER_BYTES = 4096;

/**
 * The stretches that have to be zero before a device counts as blank: its first and last MiB, and the places in between where
 * file systems keep copies of their superblocks. In order, without overlaps.
 */
export function listSignatureRanges(deviceBytes: number): readonly Range[] {
  if (deviceBytes <= 2 * END_BYTES) return [{ offset: 0, length: deviceBytes }];
  const end = deviceBytes - END_BYTES;
  const inner = INNER.filter((offset) => offset + INNER_BYTES <= end)
    .toSorted((a, b) => a - b)
    .map((offset) => ({ offset, length: INNER_BYTES }));
  return [{ offset: 0, length: END_BYTES }, ...inner, { offset: end, length: END_BYTES }];
}

/** Reads the ranges in full. Throws on any error, and when the device is shorter than it should be. */
export async function readRanges(file: FileHandle, ranges: readonly Range[]): Promise<readonly Area[]> {
  const areas: Area[] = [];
  for (const { offset, length } of ranges) {
    const bytes = Buffer.alloc(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
      if (bytesRead === 0) throw new Error(`the device ends at byte ${offset + filled}`);
      filled += bytesRead;
    }
    areas.push({ offset, length, bytes });
  }
  return areas;
}

/** Overwrites the ranges with zeros and syncs. */
export async function wipeRanges(file: FileHandle, ranges: readonly Range[]): Promise<void> {
  for (const { offset, length } of ranges) {
    const zeros = Buffer.alloc(length);
    let written = 0;
    while (written < length) {
      const { bytesWritten } = await file.write(zeros, written, length - written, offset + written);
      written += bytesWritten;
    }
  }
  await file.sync();
}

/** Ranges without the stretch `hole`. */
export function withoutHole(ranges: readonly Range[], hole: Range): readonly Range[] {
  const holeEnd = hole.offset + hole.length;
  return ranges.flatMap(({ offset, length }) => {
    const end = offset + length;
    if (holeEnd <= offset || hole.offset >= end) return [{ offset, length }];
    const before = { offset, length: Math.max(0, hole.offset - offset) };
    const after = { offset: holeEnd, length: Math.max(0, end - holeEnd) };
    return [before, after].filter((range) => range.length > 0);
  });
}

/** The signatures that the areas show, each name once, and where the first of each is. */
export function findSignatures(areas: readonly Area[], deviceBytes: number): readonly FoundSignature[] {
  const found = new Map<string, number>();
  for (const signature of SIGNATURES) {
    const position = toPosition(signature, deviceBytes);
    if (!isAt(areas, position, signature.magic) || found.has(signature.name)) continue;
    found.set(signature.name, position);
  }
  return [...found].map(([name, position]) => ({ name, position }));
}

export interface FoundSignature {
  readonly name: string;
  readonly position: number;
}

function isAt(areas: readonly Area[], position: number, magic: Buffer): boolean {
  const area = areas.find(
    (one) => position >= one.offset && position + magic.length <= one.offset + one.length,
  );
  if (area === undefined) return false;
  const from = position - area.offset;
  return area.bytes.subarray(from, from + magic.length).equals(magic);
}
