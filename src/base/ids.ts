import { createHash, randomBytes } from 'node:crypto';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** Lower-case RFC 4648 base32 without padding. */
export function toBase32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      text += BASE32[(value >>> (bits - 5)) & 31];
      bits -= 5;
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + BASE32[(value << (5 - bits)) & 31] : text;
}

/** `length` random base32 characters (5 bits each) from the system's secure source. */
export function randomId(length: number): string {
  return toBase32(randomBytes(Math.ceil((length * 5) / 8))).slice(0, length);
}

/** The first 26 base32 characters (130 bits) of sha256 over the parts, each preceded by its length in bytes. */
export function hashName(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return toBase32(hash.digest()).slice(0, 26);
}
