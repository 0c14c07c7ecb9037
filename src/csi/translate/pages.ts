import { DriverError } from '../../domain/errors.ts';
import type { PageRequest } from '../../domain/volume.ts';

/**
 * Which page is asked for. Throws INVALID_ARGUMENT for a negative number of entries; whether a token is one of ours is the backend's
 * to say (TOKEN_UNKNOWN, which CSI wants as ABORTED).
 */
export function toPageRequest(wire: {
  readonly maxEntries: number;
  readonly startingToken: string;
}): PageRequest {
  if (wire.maxEntries < 0)
    throw new DriverError(
      'INVALID_ARGUMENT',
      `max_entries is ${wire.maxEntries}: it cannot be negative. 0 asks for everything.`,
    );
  return { maxEntries: wire.maxEntries, startingToken: wire.startingToken || undefined };
}
