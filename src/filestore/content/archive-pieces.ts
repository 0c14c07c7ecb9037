import { BufferPool } from '../../base/buffer-pool.ts';
import { type ContentPiece, PIECE_BYTES } from './content.ts';
import { toPiece } from './digest.ts';

/** Cuts a stream of bytes into pieces of one size, the last one shorter, however it comes. */
export async function* toArchivePieces(
  archive: AsyncIterable<Buffer>,
): AsyncGenerator<ContentPiece, void, undefined> {
  const pool = new BufferPool(PIECE_BYTES);
  let buffer = pool.take();
  let filled = 0;
  let position = 0;
  for await (const chunk of archive) {
    let taken = 0;
    while (taken < chunk.length) {
      const copied = chunk.copy(buffer, filled, taken);
      taken += copied;
      filled += copied;
      if (filled < buffer.length) continue;
      const full = buffer;
      yield toPiece(position, full, () => pool.give(full));
      position += filled;
      filled = 0;
      buffer = pool.take();
    }
  }
  if (filled > 0) yield toPiece(position, buffer.subarray(0, filled), () => undefined);
}
