import type * as z from 'zod';
import { DriverError, type ErrorCode } from '../../domain/errors.ts';

/** Where a message came from, for the sentence when it makes no sense. */
export interface Origin {
  readonly what: string;
  /** INVALID_ARGUMENT for requests, INTERNAL for answers. */
  readonly code: ErrorCode;
}

/** The edge: whatever does not fit the schema is an error that says where, and goes no further. */
export function parseMessage<T>(schema: z.ZodType<T>, candidate: unknown, origin: Origin): T {
  const parsed = schema.safeParse(candidate);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new DriverError(
    origin.code,
    `${origin.what} cannot be understood (${where === '' ? '' : `${where}: `}${issue?.message ?? 'malformed'}): controller and agent are probably of releases that do not fit; bring both to the same one.`,
  );
}

/** A 64-bit integer as it comes from the wire. What is no safe integer does not pass the schema. */
export function toNumber(text: string): number {
  return Number(text);
}

/** The same for one that may be left out. */
export function toOptionalNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
