import { type Clock, systemClock } from '../base/clock.ts';
import { toOneLine } from '../base/one-line.ts';
import { describePool } from '../backends/file/stores.ts';
import type { StoreEntry } from '../filestore/store-directory.ts';
import type { ReadinessReport } from '../observability/http.ts';
import type { Logger } from '../observability/logger.ts';
import type { DriverStores } from './drivers/driver-stores.ts';

/** A pool that takes longer to open than this keeps nobody waiting: the others serve, and it says itself why it does not. */
const START_DEADLINE_MS = 10_000;
const MAX_REASON_LENGTH = 500;
/** A large cluster must not fill the answer to a probe. */
const MAX_REMARKS = 50;

/**
 * Whether the program wants calls: not while it tries its pools for the first time, and not while it stops. Beside that, whether something that it needs
 * from outside, such as a right, keeps it from being of use: calls are taken all the same then, and say what is wrong.
 */
export class Readiness {
  readonly #obstacles: (() => string | undefined)[] = [];
  readonly #clock: Pick<Clock, 'sleep'>;
  #state: 'starting' | 'ready' | 'stopping' = 'starting';

  constructor(clock: Pick<Clock, 'sleep'> = systemClock) {
    this.#clock = clock;
  }

  /** From now on this is asked as well: a sentence that says what is missing, undefined while nothing is. */
  watch(findObstacle: () => string | undefined): void {
    this.#obstacles.push(findObstacle);
  }

  /** Whether calls are wanted. */
  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /** Why it is of no use now; empty when it is. */
  listReasons(): readonly string[] {
    const found = this.#obstacles
      .map((find) => find())
      .filter((obstacle) => obstacle !== undefined)
      .map((obstacle) => toOneLine(obstacle, MAX_REASON_LENGTH));
    // What all drivers need, each of them misses.
    const obstacles = [...new Set(found)];
    return this.#state === 'ready' ? obstacles : [`the program is ${this.#state}`, ...obstacles];
  }

  /** Ready once `start` has settled, or has taken ten seconds. A start that fails once the program stops, as `stopping` says, is no news. Never throws. */
  async track(start: Promise<void>, logger: Logger, stopping?: AbortSignal): Promise<void> {
    const end = new AbortController();
    const late = this.#clock.sleep(START_DEADLINE_MS, end.signal).catch(() => undefined);
    try {
      await Promise.race([start, late]);
    } catch (error) {
      if (stopping?.aborted !== true) logger.error('The pools could not all be tried', { err: error });
    } finally {
      end.abort();
    }
    if (stopping?.aborted === true) this.stop();
    if (this.#state !== 'starting') return;
    this.#state = 'ready';
    const reasons = this.listReasons();
    if (reasons.length === 0) logger.info('ready');
    else logger.warn('Calls are taken, but the program is not of use yet; it tries again', { reasons });
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
export function reportReadiness(readiness: Readiness, drivers: readonly DriverStores[]): ReadinessReport {
  const reasons = readiness.listReasons();
  if (!readiness.isReady) return { isReady: false, remarks: reasons };
  const count = drivers.reduce((sum, { stores }) => sum + stores.list().length, 0);
  const unavailable = listUnavailable(drivers, ({ poolName }) => `pool ${poolName}`);
  const isAnyOpen = count === 0 || unavailable.length < count;
  return { isReady: isAnyOpen && reasons.length === 0, remarks: [...reasons, ...unavailable] };
}

/** The same for a controller, which is of use whatever its agents do: it says of whom it cannot tell. */
export function reportControllerReadiness(
  readiness: Readiness,
  drivers: readonly DriverStores[],
): ReadinessReport {
  const reasons = readiness.listReasons();
  if (!readiness.isReady) return { isReady: false, remarks: reasons };
  const remarks = [...reasons, ...listUnavailable(drivers, describePool)];
  const more = remarks.length - MAX_REMARKS;
  return {
    isReady: reasons.length === 0,
    remarks: more > 0 ? [...remarks.slice(0, MAX_REMARKS), `and ${more} more`] : remarks,
  };
}

/** Pools of several drivers may have the same name. */
function listUnavailable(
  drivers: readonly DriverStores[],
  describe: (entry: StoreEntry) => string,
): readonly string[] {
  return drivers.flatMap(({ driver, stores }) => {
    const whose = drivers.length === 1 ? '' : ` of driver ${driver}`;
    return stores.list().flatMap((entry) => {
      if ('store' in entry.state) return [];
      const why = toOneLine(entry.state.unavailable, MAX_REASON_LENGTH);
      return [`${describe(entry)}${whose} is not available: ${why}`];
    });
  });
}
