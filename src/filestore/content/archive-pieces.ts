import { type ContentPiece, PIECE_BYTES } from './content.ts';
import { toPiece } from './digest.ts';

/** Cuts a stream of bytes into pieces of one size, the last one shorter, however it comes. */
export async function* toArchivePieces(
  archive: AsyncIterable<Buffer>,
): AsyncGenerator<ContentPiece, void, undefined> {
  let buffer = Buffer.allocUnsafe(PIECE_BYTES);
  let filled = 0;
  let position = 0;
  for await (const chunk of archive) {
    let taken = 0;
    while (taken < chunk.length) {
      const copied = chunk.copy(buffer, filled, taken);
      taken += copied;
      filled += copied;
      if (filled < buffer.length) continue;
      yield toPiece(position, buffer);
      position += filled;
      filled = 0;
      // Whoever has the piece keeps it.
      buffer = Buffer.allocUnsafe(PIECE_BYTES);
    }
  }
  if (filled > 0) yield toPiece(position, buffer.subarray(0, filled));
}
