const MAX_CAUSES = 8;

/** An error as plain data: name, code, message, stack, details, and its causes (SuppressedError's and AggregateError's too). */
export function serialiseError(error: unknown): unknown {
  return serialise(error, 0);
}

function serialise(error: unknown, depth: number): unknown {
  if (!(error instanceof Error)) return error;
  if (depth >= MAX_CAUSES) return `${error.name}: ${error.message}`;
  const next = (inner: unknown): unknown => (inner === undefined ? undefined : serialise(inner, depth + 1));
  return withoutUndefined({
    name: error.name,
    code: property(error, 'code'),
    message: error.message,
    details: property(error, 'details'),
    stack: error.stack,
    cause: next(error.cause),
    error: next(property(error, 'error')),
    suppressed: next(property(error, 'suppressed')),
    errors: error instanceof AggregateError ? error.errors.map(next) : undefined,
  });
}

function property(error: Error, name: string): unknown {
  return (error as unknown as Readonly<Record<string, unknown>>)[name];
}

function withoutUndefined(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
