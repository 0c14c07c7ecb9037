import { toOneLine } from '../base/one-line.ts';
import { describePool } from '../backends/file/stores.ts';
import type { StoreDirectory, StoreEntry } from '../filestore/store-directory.ts';
import type { ReadinessReport } from '../observability/http.ts';
import type { Logger } from '../observability/logger.ts';

/** A pool that takes longer to open than this keeps nobody waiting: the others serve, and it says itself why it does not. */
const START_DEADLINE_MS = 10_000;
const MAX_REASON_LENGTH = 500;
/** A large cluster must not fill the answer to a probe. */
const MAX_REMARKS = 50;

/** Whether the program wants calls: not while it tries its pools for the first time, and not while it stops. */
export class Readiness {
  #state: 'starting' | 'ready' | 'stopping' = 'starting';

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /** Why not; empty when ready. */
  listReasons(): readonly string[] {
    return this.#state === 'ready' ? [] : [`the program is ${this.#state}`];
  }

  /** Ready once `start` has settled, or has taken too long. Never throws. */
  async track(start: Promise<void>, logger: Logger): Promise<void> {
    const timer = Promise.withResolvers<void>();
    const timeout = setTimeout(() => timer.resolve(), START_DEADLINE_MS);
    try {
      await Promise.race([start, timer.promise]);
    } catch (error) {
      logger.error('The pools could not all be tried', { err: error });
    } finally {
      clearTimeout(timeout);
    }
    if (this.#state !== 'starting') return;
    this.#state = 'ready';
    logger.info('ready');
  }

  /** From now on not ready. */
  stop(): void {
    this.#state = 'stopping';
  }
}

/**
 * What an operator is told at /readyz: pools that are not available are named, but the program is of use as long as one is, or when there are none. Probe is not asked about
 * pools at all: restarting the program brings none of them back.
 */
export function reportReadiness(readiness: Readiness, stores: StoreDirectory): ReadinessReport {
  if (!readiness.isReady) return { isReady: false, remarks: readiness.listReasons() };
  const entries = stores.list();
  const remarks = listUnavailable(entries, ({ poolName }) => `pool ${poolName}`);
  return { isReady: entries.length === 0 || remarks.length < entries.length, remarks };
}

/** The same for a controller, which is of use whatever its agents do: it says of whom it cannot tell. */
export function reportControllerReadiness(readiness: Readiness, stores: StoreDirectory): ReadinessReport {
  if (!readiness.isReady) return { isReady: false, remarks: readiness.listReasons() };
  const remarks = listUnavailable(stores.list(), describePool);
  const more = remarks.length - MAX_REMARKS;
  return {
    isReady: true,
    remarks: more > 0 ? [...remarks.slice(0, MAX_REMARKS), `and ${more} more`] : remarks,
  };
}

function listUnavailable(
  entries: readonly StoreEntry[],
  describe: (entry: StoreEntry) => string,
): readonly string[] {
  return entries.flatMap((entry) =>
    'store' in entry.state
      ? []
      : [`${describe(entry)} is not available: ${toOneLine(entry.state.unavailable, MAX_REASON_LENGTH)}`],
  );
}
