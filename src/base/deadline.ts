/** A signal with an end of its own. Disposing it, once the work has settled, leaves nothing behind: no timer, no listener on a parent. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * A signal that aborts when `parent` does, or after `ms` with a TimeoutError, whichever comes first. Its timer does not keep the process
 * alive. AbortSignal.any with AbortSignal.timeout would keep every call's memory until its deadline, long after its answer.
 */
export function startDeadline(parent: AbortSignal, ms: number): Deadline {
  const own = new AbortController();
  const onAbort = (): void => own.abort(parent.reason);
  const timer = setTimeout(() => own.abort(createTimeout(ms)), ms).unref();
  if (parent.aborted) onAbort();
  else parent.addEventListener('abort', onAbort, { once: true });
  return {
    signal: own.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      parent.removeEventListener('abort', onAbort);
    },
  };
}

/** Whether an error is that of a deadline ({@link startDeadline}, `AbortSignal.timeout`). */
export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

function createTimeout(ms: number): DOMException {
  return new DOMException(`It took longer than ${ms} ms.`, 'TimeoutError');
}
