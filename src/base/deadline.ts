/**
 * A signal that aborts when `parent` does, or after `ms` with a TimeoutError, whichever comes first. Its timer does not
 * keep the process alive.
 */
export function withDeadline(parent: AbortSignal, ms: number): AbortSignal {
  return AbortSignal.any([parent, AbortSignal.timeout(ms)]);
}

/** Whether an error is that of a deadline ({@link withDeadline}, `AbortSignal.timeout`). */
export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}
