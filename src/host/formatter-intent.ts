import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import * as z from 'zod';
import { FS_TYPES } from '../domain/access.ts';
import { type Range, readRanges, wipeRanges } from './signatures-areas.ts';

/**
 * What the formatter is about to do to a device, written on the device itself before mkfs runs and removed when it has
 * finished. It tells a mkfs that was killed from somebody's data.
 */
export const FormatIntent = z
  .strictObject({
    volumeId: z.string(),
    fsType: z.enum(FS_TYPES),
    deviceBytes: z.number().int().positive(),
    /** Random; tells two attempts apart. */
    nonce: z.string(),
  })
  .readonly();
export type FormatIntent = z.infer<typeof FormatIntent>;

/** What is at the place of the header. */
export type FoundIntent =
  | { readonly kind: 'none' }
  | { readonly kind: 'intent'; readonly intent: FormatIntent }
  /** It starts like one, but its checksum is wrong. */
  | { readonly kind: 'damaged' };

/**
 * How much of the device's end mkfs is kept away from. mkfs.ext4 and mkfs.btrfs clear the last bytes of the *file system* that they are
 * told to make, mkfs.xfs the last 128 KiB of the *device*, each before it writes anything else (measured), so the header can be
 * neither inside the file system nor within those 128 KiB.
 */
export const TAIL_BYTES = 256 * 1024;

const HEADER_BYTES = 4096;
/** One sector: a power cut leaves all of it or nothing. */
const SECTOR_BYTES = 512;
const MAGIC = Buffer.from('stowage.dev/mkfs', 'latin1');
const CHECKSUM_AT = MAGIC.length;
const LENGTH_AT = CHECKSUM_AT + 32;
const PAYLOAD_AT = LENGTH_AT + 2;

/** Where the file system ends that mkfs may make on a device of this size, and where the header is: right behind it. */
export function getIntentRange(deviceBytes: number): Range {
  const offset = Math.floor((deviceBytes - TAIL_BYTES) / HEADER_BYTES) * HEADER_BYTES;
  return { offset, length: HEADER_BYTES };
}

/** Header: magic (16), sha256 of the payload (32), its length (2, little endian), the payload as JSON; then zeros. Throws when it exceeds a sector. */
export function encodeIntent(intent: FormatIntent): Buffer {
  const payload = Buffer.from(JSON.stringify(intent), 'utf8');
  if (PAYLOAD_AT + payload.length > SECTOR_BYTES) {
    throw new RangeError(`The volume id ${intent.volumeId} is too long for a format header.`);
  }
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  createHash('sha256').update(payload).digest().copy(header, CHECKSUM_AT);
  header.writeUInt16LE(payload.length, LENGTH_AT);
  payload.copy(header, PAYLOAD_AT);
  return header;
}

/** The inverse of {@link encodeIntent}; total. */
export function parseIntent(header: Buffer): FoundIntent {
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) return { kind: 'none' };
  const payload = header.subarray(PAYLOAD_AT, PAYLOAD_AT + header.readUInt16LE(LENGTH_AT));
  const checksum = createHash('sha256').update(payload).digest();
  if (!header.subarray(CHECKSUM_AT, LENGTH_AT).equals(checksum)) return { kind: 'damaged' };
  const parsed = FormatIntent.safeParse(parseJson(payload.toString('utf8')));
  return parsed.success ? { kind: 'intent', intent: parsed.data } : { kind: 'damaged' };
}

/** Undefined for what is not JSON: a checksum is no signature, and whoever wrote to the device may have put anything there. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads what is at the header's place. */
export async function readIntent(file: FileHandle, deviceBytes: number): Promise<FoundIntent> {
  const [area] = await readRanges(file, [getIntentRange(deviceBytes)]);
  return area === undefined ? { kind: 'none' } : parseIntent(area.bytes);
}

/** Writes the header and waits until the disk has it. */
export async function writeIntent(file: FileHandle, intent: FormatIntent): Promise<void> {
  const { offset, length } = getIntentRange(intent.deviceBytes);
  const { bytesWritten } = await file.write(encodeIntent(intent), 0, length, offset);
  if (bytesWritten !== length) throw new Error('the format header was not written in full');
  await file.sync();
}

/** Removes the header. `sync` before it makes sure that what mkfs wrote is on the disk first. */
export async function eraseIntent(file: FileHandle, deviceBytes: number): Promise<void> {
  await file.sync();
  await wipeRanges(file, [getIntentRange(deviceBytes)]);
}
