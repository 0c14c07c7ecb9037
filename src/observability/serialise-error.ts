import { DriverError } from '../domain/errors.ts';

const MAX_CAUSES = 8;

/**
 * An error as plain data: name, code, message, stack, details, and its causes (SuppressedError's and AggregateError's too). What a user has to mend
 * says so in a sentence, and where in the code it was noticed helps nobody: there is no stack of it, nor of its causes, unless one is a defect.
 */
export function serialiseError(error: unknown): unknown {
  return serialise(error, { depth: 0, isForUser: false });
}

interface Place {
  readonly depth: number;
  /** Whether it is, or lies below, something that a user has to mend. */
  readonly isForUser: boolean;
}

function serialise(error: unknown, { depth, isForUser: isBelow }: Place): unknown {
  if (!(error instanceof Error)) return error;
  if (depth >= MAX_CAUSES) return `${error.name}: ${error.message}`;
  const isForUser = isBelow || (error instanceof DriverError && error.code !== 'INTERNAL');
  const next = (inner: unknown): unknown =>
    inner === undefined ? undefined : serialise(inner, { depth: depth + 1, isForUser });
  return withoutUndefined({
    name: error.name,
    code: property(error, 'code'),
    message: error.message,
    details: property(error, 'details'),
    stack: isForUser && !isDefect(error) ? undefined : error.stack,
    cause: next(error.cause),
    error: next(property(error, 'error')),
    suppressed: next(property(error, 'suppressed')),
    errors: error instanceof AggregateError ? error.errors.map(next) : undefined,
  });
}

/** What no input, disk or server can bring about in code that is right. Node.js gives those that others can a code. */
function isDefect(error: Error): boolean {
  const isOfLanguage =
    error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  return isOfLanguage && property(error, 'code') === undefined;
}

function property(error: Error, name: string): unknown {
  return (error as unknown as Readonly<Record<string, unknown>>)[name];
}

function withoutUndefined(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
