/**
 * Names of the fields that csi.proto marks with csi_secret, as they are called in decoded messages. A contract test holds
 * this list against the .proto file.
 */
export const SECRET_FIELD_NAMES: ReadonlySet<string> = new Set(['secrets']);

const MAX_TEXT_LENGTH = 256;
const MAX_ENTRIES = 32;
const MAX_DEPTH = 8;

/**
 * A copy of a request that may be logged: without secret fields at any depth, without what is empty, and bounded, because a
 * caller decides how much it sends.
 */
export function redact(value: unknown): unknown {
  return copy(value, 0);
}

function copy(value: unknown, depth: number): unknown {
  if (typeof value === 'string') {
    return value.length > MAX_TEXT_LENGTH ? `${value.slice(0, MAX_TEXT_LENGTH)}… (${value.length})` : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return '…';
  if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((entry) => copy(entry, depth + 1));
  const kept = Object.entries(value)
    .filter(([name, entry]) => !SECRET_FIELD_NAMES.has(name) && !isEmpty(entry))
    .slice(0, MAX_ENTRIES);
  return Object.fromEntries(kept.map(([name, entry]) => [name, copy(entry, depth + 1)]));
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
