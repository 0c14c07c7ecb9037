import type { Logger } from '../../../observability/logger.ts';

const UNDO_DEADLINE_MS = 15_000;

/**
 * A step that takes back what a failed call did. It has a deadline of its own, since the call's may be what ended it. When it fails
 * itself that is logged: the error that is being answered must stay the first one, and the calls that follow find what is left.
 */
export function undo(
  logger: Logger,
  what: string,
  step: (signal: AbortSignal) => Promise<void>,
): () => Promise<void> {
  return async () => {
    try {
      await step(AbortSignal.timeout(UNDO_DEADLINE_MS));
    } catch (error) {
      logger.warn('A failed call could not be taken back wholly', { what, err: error });
    }
  };
}
