import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ContentPiece } from './content.ts';

/**
 * SHA-256 over position, length and CRC-32 of every piece: cheap enough to be taken on both sides of a fast connection, whose own encryption keeps
 * anybody from changing what travels.
 */
export class ContentDigest {
  readonly #hash: Hash;
  #pieces: number;

  private constructor(hash: Hash, pieces: number) {
    this.#hash = hash;
    this.#pieces = pieces;
  }

  static create(): ContentDigest {
    return new ContentDigest(createHash('sha256'), 0);
  }

  add({ position, data, checksum }: ContentPiece): void {
    const line = Buffer.allocUnsafe(16);
    line.writeBigUInt64BE(BigInt(position), 0);
    line.writeUInt32BE(data.length, 8);
    line.writeUInt32BE(checksum, 12);
    this.#hash.update(line);
    this.#pieces += 1;
  }

  /** As it is now, to go on from later. */
  copy(): ContentDigest {
    return new ContentDigest(this.#hash.copy(), this.#pieces);
  }

  /** `<number of pieces>-<hex>`. Nothing can be added after. */
  finish(): string {
    return `${this.#pieces}-${this.#hash.digest('hex')}`;
  }
}

/** A piece with its checksum. */
export function toPiece(position: number, data: Buffer, release: () => void): ContentPiece {
  return { position, data, checksum: crc32(data), release };
}

/** Whether a piece has the data that its checksum was taken of. */
export function isIntact({ data, checksum }: ContentPiece): boolean {
  return crc32(data) === checksum;
}
