import * as z from 'zod';
import { DriverError } from '../domain/errors.ts';

/** Parses what a file of the registry holds. Throws POOL_UNAVAILABLE; what cannot be read is never overwritten: that would turn missing disks into new pools. */
export function parseRegistryText<T>(
  schema: z.ZodType<T>,
  file: { readonly path: string; readonly text: string },
): T {
  let json: unknown;
  try {
    json = JSON.parse(file.text);
  } catch (error) {
    throw unreadable(file.path, 'it is not JSON', error);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw unreadable(file.path, z.prettifyError(parsed.error), parsed.error);
}

/** The error for a registry whose files cannot be read or written. */
export function unreadable(path: string, reason: string, cause: unknown): DriverError {
  return new DriverError(
    'POOL_UNAVAILABLE',
    `The registry of pools (${path}) cannot be used: ${reason}. Repair it; if you remove it, every pool is registered again from its disk, so mount all disks first.`,
    { cause },
  );
}
