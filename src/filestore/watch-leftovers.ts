import { ExaminedEntries, putBackMisplaced } from './misplaced.ts';
import { sweepRecordLeases } from './record-lease.ts';
import type { StoreContext } from './store-context.ts';
import { UnchangedFor } from './unchanged-for.ts';

const SWEEP_MS = 60_000;

type Swept = Pick<StoreContext, 'staging' | 'trash' | 'paths' | 'files' | 'clock' | 'logger' | 'pool'>;

/** Clears away, again and again, what others left who work on the pool and have died, until the signal aborts. Never throws. */
export async function watchLeftovers(context: Swept, signal: AbortSignal): Promise<void> {
  const { clock, logger, pool } = context;
  const leases = new UnchangedFor({ clock, mostBetweenMs: 2 * SWEEP_MS });
  const examined = new ExaminedEntries();
  while (!signal.aborted) {
    try {
      const swept = await context.staging.sweepExpired();
      if (swept > 0) logger.info('Unfinished work of another node discarded', { pool: pool.name, swept });
      await sweepRecordLeases(context, leases);
      await context.trash.adopt();
      await putBackMisplaced(context, examined);
    } catch (error) {
      logger.warn('What other nodes may have left in a pool cannot be looked at', {
        pool: pool.name,
        err: error,
      });
    }
    // Rejects only when it is aborted.
    await clock.sleep(SWEEP_MS, signal).catch(() => undefined);
  }
}
