/** CSI's general limit for a string, in bytes of UTF-8. */
export const MAX_STRING_BYTES = 128;

/** CSI's general limit for a map of strings: all keys and values together. */
export const MAX_MAP_BYTES = 4096;

/** The longest path that Linux takes (PATH_MAX), its closing NUL included. */
export const MAX_PATH_BYTES = 4096;

/** Size of a map as CSI counts it. */
export function countMapBytes(map: Readonly<Record<string, string>>): number {
  return Object.entries(map).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
}
