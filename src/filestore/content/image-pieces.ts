import { type FileHandle, open } from 'node:fs/promises';
import { BufferPool } from '../../base/buffer-pool.ts';
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
  const pool = new BufferPool(PIECE_BYTES);
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
      const buffer = pool.take();
      const cell = await readUpTo(file, buffer.subarray(0, cellEnd - offset), offset);
      yield* toPieces(cell, offset, () => pool.give(buffer));
      offset = cellEnd;
    }
  }
}

function toCellStart(offset: number): number {
  return offset - (offset % PIECE_BYTES);
}

/** The pieces of a cell; its memory is free when all of them are released. */
function* toPieces(cell: Buffer, base: number, free: () => void): Generator<ContentPiece, void, undefined> {
  const runs = findData(cell);
  let left = runs.length;
  if (left === 0) free();
  const release = (): void => {
    left -= 1;
    if (left === 0) free();
  };
  for (const [start, end] of runs) yield toPiece(base + start, cell.subarray(start, end), release);
}

/** Runs of grains that are not zeros, from where to where. A cell begins at a grain, or where the file ends. */
function findData(cell: Buffer): readonly (readonly [number, number])[] {
  const runs: (readonly [number, number])[] = [];
  let start: number | undefined;
  for (let at = 0; at < cell.length; at += GRAIN_BYTES) {
    if (isZero(cell.subarray(at, at + GRAIN_BYTES))) {
      if (start !== undefined) runs.push([start, at]);
      start = undefined;
    } else {
      start ??= at;
    }
  }
  if (start !== undefined) runs.push([start, cell.length]);
  return runs;
}

function isZero(grain: Buffer): boolean {
  return grain.compare(ZEROS, 0, grain.length) === 0;
}

async function readUpTo(file: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
