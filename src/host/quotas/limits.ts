import { chmod, mkdir } from 'node:fs/promises';
import { DriverError } from '../../domain/errors.ts';

/** What a new tree's root gets, whatever the umask; upper layers hand it to its owner. */
const ROOT_MODE = 0o750;
/** File systems keep limits in blocks; xfs rounds up to one of 4 KiB. */
const ROUNDING_BYTES = 4096;

/** Makes the root of a plain tree. Throws EEXIST when there is something. */
export async function makeRoot(path: string): Promise<void> {
  await mkdir(path, ROOT_MODE);
  await dressRoot(path);
}

/** Gives a tree's root its mode. */
export async function dressRoot(path: string): Promise<void> {
  await chmod(path, ROOT_MODE);
}

/** Whether a limit that was read back is the one that was asked for; 0 and undefined are none. */
export function isSameLimit(askedBytes: number | undefined, actualBytes: number | undefined): boolean {
  const asked = askedBytes ?? 0;
  const actual = actualBytes ?? 0;
  if (asked === 0 || actual === 0) return asked === actual;
  return actual >= asked && actual - asked < ROUNDING_BYTES;
}

/** Throws PRECONDITION_FAILED (DriverError) unless the limit that was read back is the one that was set. */
export function assertLimit(
  path: string,
  askedBytes: number | undefined,
  actualBytes: number | undefined,
): void {
  if (isSameLimit(askedBytes, actualBytes)) return;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `The quota of ${path} was set to ${askedBytes ?? 'no'} bytes but reads ${actualBytes ?? 'none'}. Check that the pool's file system is mounted with quotas.`,
  );
}

/** Throws SIZE_OUT_OF_RANGE (DriverError) when a directory holds more than it may as a volume. */
export function assertAdoptable(source: string, usedBytes: number, limitBytes: number | undefined): void {
  if (limitBytes === undefined || usedBytes <= limitBytes) return;
  throw new DriverError(
    'SIZE_OUT_OF_RANGE',
    `The directory ${source} holds ${usedBytes} bytes, more than the ${limitBytes} that its volume is to have. Give it a larger size, or none that is enforced.`,
  );
}

/** Throws SIZE_OUT_OF_RANGE (DriverError) when what is to be copied is more than the copy may hold: shared blocks count in full. */
export function assertFits(source: string, usedBytes: number, limitBytes: number | undefined): void {
  if (limitBytes === undefined || usedBytes <= limitBytes) return;
  throw new DriverError(
    'SIZE_OUT_OF_RANGE',
    `The tree ${source} holds ${usedBytes} bytes, more than the ${limitBytes} that its copy may hold. Ask for a larger volume.`,
  );
}
