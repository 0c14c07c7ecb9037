import type { CapacityRange } from '../domain/capacity.ts';
import { DriverError } from '../domain/errors.ts';

/** What a volume gets when nobody says how large it should be. */
export const DEFAULT_CAPACITY_BYTES = 1024 ** 3;
/** Sizes are whole blocks: quotas, images and file systems all count in these. */
export const BLOCK_BYTES = 4096;

/** What bounds the choice of a size. */
export interface SizeLimits {
  readonly subject: string;
  /** The least that works, and why: `ext4 needs at least …`. */
  readonly minimumBytes: number;
  readonly minimumReason: string;
  /** Size of the source; 0 without one. */
  readonly sourceBytes: number;
}

/**
 * The size of a new volume: what is required, else that of the source, else 1 GiB or the limit; in whole blocks. Throws SIZE_OUT_OF_RANGE when the
 * range leaves no such size.
 */
export function chooseCapacity(range: CapacityRange | undefined, limits: SizeLimits): number {
  const limitBytes = range?.limitBytes ?? Number.MAX_SAFE_INTEGER;
  const requiredBytes = range?.requiredBytes ?? 0;
  const leastBytes = Math.max(limits.minimumBytes, limits.sourceBytes);
  const wantedBytes =
    requiredBytes > 0 ? requiredBytes : Math.max(leastBytes, defaultBytes(limits, limitBytes));
  if (wantedBytes < limits.sourceBytes) throw smallerThanSource(limits, wantedBytes);
  if (wantedBytes < limits.minimumBytes) throw tooSmall(limits, wantedBytes);
  return toWholeBlocks(wantedBytes, limitBytes, limits);
}

/** The size that a volume of `currentBytes` is expanded to: never lower. Throws SIZE_OUT_OF_RANGE when it is beyond the limit already. */
export function chooseExpandedCapacity(range: CapacityRange, currentBytes: number, subject: string): number {
  const limitBytes = range.limitBytes ?? Number.MAX_SAFE_INTEGER;
  const wantedBytes = Math.max(range.requiredBytes ?? 0, currentBytes);
  if (wantedBytes > limitBytes) {
    throw new DriverError(
      'SIZE_OUT_OF_RANGE',
      `The ${subject} has ${currentBytes} bytes and cannot shrink to the limit of ${limitBytes}: ask for a higher limit.`,
    );
  }
  if (wantedBytes === currentBytes) return currentBytes;
  return toWholeBlocks(wantedBytes, limitBytes, { subject });
}

function defaultBytes(limits: SizeLimits, limitBytes: number): number {
  return limits.sourceBytes > 0 ? limits.sourceBytes : Math.min(DEFAULT_CAPACITY_BYTES, limitBytes);
}

function toWholeBlocks(bytes: number, limitBytes: number, limits: { readonly subject: string }): number {
  const rounded = Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
  if (rounded <= limitBytes) return rounded;
  throw new DriverError(
    'SIZE_OUT_OF_RANGE',
    `The ${limits.subject} would have ${rounded} bytes (sizes are multiples of ${BLOCK_BYTES}), but the limit is ${limitBytes}: raise it.`,
  );
}

function smallerThanSource(limits: SizeLimits, wantedBytes: number): DriverError {
  return new DriverError(
    'SIZE_OUT_OF_RANGE',
    `The ${limits.subject} is asked with ${wantedBytes} bytes, but its source has ${limits.sourceBytes}: ask for at least that.`,
  );
}

function tooSmall(limits: SizeLimits, wantedBytes: number): DriverError {
  return new DriverError(
    'SIZE_OUT_OF_RANGE',
    `The ${limits.subject} is asked with ${wantedBytes} bytes, but ${limits.minimumReason}: ask for at least ${limits.minimumBytes}.`,
  );
}
