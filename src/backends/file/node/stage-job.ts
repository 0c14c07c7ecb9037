import { setTimeout as sleepFor } from 'node:timers/promises';
import { systemClock } from '../../../base/clock.ts';
import { quote } from '../../../base/quote.ts';
import { Jobs } from '../../../filestore/jobs.ts';
import type { NodeBackend, StageOptions } from '../../backend.ts';
import type { FileNodeContext } from './context.ts';
import { stage } from './stage.ts';

/** A check is ended and what was mounted is taken back within less; resizing, which must not be ended, is left to go on without this program. */
const CLOSE_WITHIN_MS = 5_000;

/** Staging, and how it ends with the program. */
export interface Staging {
  readonly stage: NodeBackend['stage'];
  close(): Promise<void>;
}

/**
 * Staging as work that outlives its callers: a large file system takes hours to check, and must not be left in the middle of growing.
 * Callers get OPERATION_PENDING after `answerWithinMs`, the next identical call joins, and the volume's lock is held meanwhile.
 */
export function createStaging(context: FileNodeContext, answerWithinMs: number): Staging {
  const jobs = new Jobs({ answerWithinMs, clock: systemClock });
  return {
    async stage(options: StageOptions, signal) {
      const job = {
        key: options.volumeId,
        fingerprint: JSON.stringify(options),
        subject: `file system of volume ${quote(options.volumeId)}`,
        work: async (own: { readonly signal: AbortSignal }) => await stage(context, options, own.signal),
      };
      await jobs.run(job, signal);
    },
    async close() {
      await Promise.race([jobs.stop(), sleepFor(CLOSE_WITHIN_MS, undefined, { ref: false })]);
    },
  };
}
