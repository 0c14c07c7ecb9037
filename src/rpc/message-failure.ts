import * as z from 'zod';
import { DriverError, ERROR_CODES } from '../domain/errors.ts';

const Details = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.undefined()]));

/** An error on its way to another process. */
const Failure = z.union([
  z.object({ kind: z.literal('driver'), code: z.enum(ERROR_CODES), message: z.string(), details: Details }),
  z.object({
    kind: z.literal('other'),
    name: z.string(),
    message: z.string(),
    /** Of an error of the system: `ESTALE`. */
    code: z.string().optional(),
    errno: z.number().optional(),
  }),
]);
export type Failure = z.infer<typeof Failure>;

/** Takes an error apart. Causes stay behind: they are for the log of the process in which it happened. */
export function toFailure(error: unknown): Failure {
  if (error instanceof DriverError) {
    return { kind: 'driver', code: error.code, message: error.message, details: { ...error.details } };
  }
  if (!(error instanceof Error)) return { kind: 'other', name: 'Error', message: String(error) };
  return {
    kind: 'other',
    name: error.name,
    message: error.message,
    ...('code' in error && typeof error.code === 'string' ? { code: error.code } : {}),
    ...('errno' in error && typeof error.errno === 'number' ? { errno: error.errno } : {}),
  };
}

/** The inverse: a DriverError is one again, what the system said still has its `code`. */
export function fromFailure(failure: Failure): Error {
  if (failure.kind === 'driver') {
    return new DriverError(failure.code, failure.message, { details: failure.details });
  }
  const { code, errno, message, name } = failure;
  if (name === 'TimeoutError') return new DOMException(message, name);
  return Object.assign(new Error(message), {
    ...(code === undefined ? {} : { code }),
    ...(errno === undefined ? {} : { errno }),
  });
}
