import { type FileHandle, open } from 'node:fs/promises';
import type { Host } from '../../host/host.ts';
import { type ContentPiece, PIECE_BYTES } from './content.ts';
import { toPiece } from './digest.ts';

/** Zeros of this length, at multiples of it, do not travel. */
const GRAIN_BYTES = 64 * 1024;
const ZEROS = Buffer.alloc(GRAIN_BYTES);

/**
 * The data of an image at and after a position, which has to be 0 or the end of a piece. Where pieces begin and end follows from the bytes alone, not from what the file system
 * takes for holes, so that every reading gives the same ones; holes only save the reading.
 */
export async function* readImagePieces(
  { syscalls }: Pick<Host, 'syscalls'>,
  image: { readonly path: string; readonly from: number },
  signal: AbortSignal,
): AsyncGenerator<ContentPiece, void, undefined> {
  const { path } = image;
  await using file = await open(path, 'r');
  let offset = image.from;
  for (;;) {
    const data = await syscalls.findData({ path, offset }, signal);
    if (data === undefined) return;
    const end = data.offset + data.length;
    // The whole cell is read, from where it was left: what is data in a part of it may be a hole for the file system or zeros.
    offset = Math.max(offset, toCellStart(data.offset));
    while (offset < end) {
      signal.throwIfAborted();
      const cellEnd = toCellStart(offset) + PIECE_BYTES;
      const cell = await readUpTo(file, cellEnd - offset, offset);
      yield* splitAtZeros(cell, offset);
      offset = cellEnd;
    }
  }
}

function toCellStart(offset: number): number {
  return offset - (offset % PIECE_BYTES);
}

/** Runs of grains that are not zeros. `base` may be in the middle of a cell, but is at the start of a grain, or at the end of the file. */
function* splitAtZeros(cell: Buffer, base: number): Generator<ContentPiece, void, undefined> {
  let start: number | undefined;
  for (let at = 0; at < cell.length; at += GRAIN_BYTES) {
    const grain = cell.subarray(at, at + GRAIN_BYTES);
    if (isZero(grain)) {
      if (start !== undefined) yield toPiece(base + start, cell.subarray(start, at));
      start = undefined;
    } else {
      start ??= at;
    }
  }
  if (start !== undefined) yield toPiece(base + start, cell.subarray(start));
}

function isZero(grain: Buffer): boolean {
  return grain.compare(ZEROS, 0, grain.length) === 0;
}

async function readUpTo(file: FileHandle, length: number, position: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
