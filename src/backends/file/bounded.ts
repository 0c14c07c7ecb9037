import { isTimeout, startDeadline } from '../../base/deadline.ts';
import { raceAbort } from '../../base/keyed-lock.ts';
import { DriverError } from '../../domain/errors.ts';

/** How long one call may take, whatever the caller allows. */
const CALL_DEADLINE_MS = 110_000;

/**
 * Runs the work with a signal that ends at the deadline, and stops waiting then even when the work does not listen. Throws
 * DEADLINE_EXCEEDED with a sentence that names the object.
 */
export async function bounded<T>(
  what: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  using deadline = startDeadline(signal, CALL_DEADLINE_MS);
  try {
    return await raceAbort(work(deadline.signal), deadline.signal);
  } catch (error) {
    if (!isTimeout(error) || signal.aborted) throw error;
    throw new DriverError(
      'DEADLINE_EXCEEDED',
      `${what} took longer than ${CALL_DEADLINE_MS / 1000} s; it may still be under way. Ask again.`,
      { cause: error },
    );
  }
}
