import { isTimeout } from '../../base/deadline.ts';
import { raceAbort } from '../../base/keyed-lock.ts';
import { DriverError } from '../../domain/errors.ts';

/**
 * Stops waiting for the work when the signal aborts, even when the work does not listen. When the time of the call
 * (`limits.operationSeconds`) or of a step is up, throws DEADLINE_EXCEEDED with a sentence that names the object.
 */
export async function bounded<T>(
  what: string,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await raceAbort(work(signal), signal);
  } catch (error) {
    const isLate = isTimeout(signal.reason) || isTimeout(error);
    if (!isLate || error instanceof DriverError) throw error;
    throw new DriverError(
      'DEADLINE_EXCEEDED',
      `${what} takes longer than it may, and may still be under way. Ask again.`,
      { cause: error },
    );
  }
}
