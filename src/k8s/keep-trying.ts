import type { Clock } from '../base/clock.ts';
import { DriverError } from '../domain/errors.ts';
import type { Trouble } from '../observability/trouble.ts';

/** Soon enough for a right that is being given, and seldom enough for an API that has more to do. */
const RETRY_MS = 5_000;

export interface KeepTryingOptions {
  /** What cannot be done for now. */
  readonly message: string;
  /** Told of each failure, and that it is done. */
  readonly trouble: Trouble;
  readonly clock: Clock;
}

/**
 * Does what the API may refuse for now: it can be away, and rights, or what is in the way, are a matter of somebody who looks after it. Tries every five
 * seconds until it is done, so the work has to be idempotent. Throws the signal's reason, and what is no DriverError: that is a defect.
 */
export async function keepTrying<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { message, trouble, clock }: KeepTryingOptions,
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    try {
      const result = await work(signal);
      trouble.end('What was refused by Kubernetes can be done again');
      return result;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DriverError)) throw error;
      trouble.note(message, error);
    }
    await clock.sleep(RETRY_MS, signal);
  }
}
