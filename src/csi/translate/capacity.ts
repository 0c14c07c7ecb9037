import { quote } from '../../base/quote.ts';
import type { Capacity, CapacityRange } from '../../domain/capacity.ts';
import { DriverError } from '../../domain/errors.ts';
import type { CapacityRange__Output } from '../../gen/csi/v1/CapacityRange.ts';
import type { GetCapacityResponse } from '../../gen/csi/v1/GetCapacityResponse.ts';

/**
 * A size of the wire (int64 as text) as a number of bytes. Throws INVALID_ARGUMENT when it is negative or no integer, and
 * SIZE_OUT_OF_RANGE beyond 2^53 - 1, which a number cannot hold.
 */
export function parseBytes(text: string, field: string): number {
  if (!/^-?\d{1,19}$/.test(text))
    throw new DriverError('INVALID_ARGUMENT', `${field} is ${quote(text)}, which is not a size in bytes.`);
  const bytes = BigInt(text);
  if (bytes < 0n)
    throw new DriverError('INVALID_ARGUMENT', `${field} is ${text}: a size cannot be negative.`);
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER))
    throw new DriverError(
      'SIZE_OUT_OF_RANGE',
      `${field} is ${text}: this driver has no volume larger than ${Number.MAX_SAFE_INTEGER} bytes.`,
    );
  return Number(bytes);
}

/**
 * The range that was asked for; undefined when none was. Throws INVALID_ARGUMENT for one that sets neither bound or
 * contradicts itself, and as {@link parseBytes} does.
 */
export function toCapacityRange(wire: CapacityRange__Output | null): CapacityRange | undefined {
  if (wire === null) return undefined;
  const required = parseBytes(wire.requiredBytes, 'capacity_range.required_bytes');
  const limit = parseBytes(wire.limitBytes, 'capacity_range.limit_bytes');
  if (required === 0 && limit === 0)
    throw new DriverError(
      'INVALID_ARGUMENT',
      'capacity_range sets neither required_bytes nor limit_bytes. Set one, or leave capacity_range out.',
    );
  if (limit !== 0 && limit < required)
    throw new DriverError(
      'INVALID_ARGUMENT',
      `capacity_range requires ${required} bytes and allows no more than ${limit}. Raise limit_bytes or lower required_bytes.`,
    );
  return { requiredBytes: required || undefined, limitBytes: limit || undefined };
}

/** Bytes as the wire has them. */
export function toWireBytes(bytes: number): string {
  return BigInt(bytes).toString();
}

/** CSI wants no negative room; a pool that has promised too much has none. */
export function toGetCapacityResponse(capacity: Capacity): GetCapacityResponse {
  return {
    availableCapacity: toWireBytes(Math.max(0, capacity.availableBytes)),
    maximumVolumeSize: toWrapper(capacity.maximumVolumeBytes),
    minimumVolumeSize: toWrapper(capacity.minimumVolumeBytes),
  };
}

function toWrapper(bytes: number | undefined): { readonly value: string } | null {
  return bytes === undefined ? null : { value: toWireBytes(bytes) };
}
