import type { Clock } from '../base/clock.ts';
import { parseObjectId } from '../domain/ids.ts';
import type { StoreDirectory, StoreEntry } from '../filestore/store-directory.ts';
import type { Logger } from '../observability/logger.ts';

const EVERY_MS = 600_000;
const MINIMUM_OBSERVATIONS = 3;
const MINIMUM_AGE_MS = 3_600_000;
const PAGE = 1_000;

export interface OrphansOptions {
  readonly stores: StoreDirectory;
  /** The ids of all volumes that somebody outside knows: in Kubernetes, of PersistentVolumes. Throws when they cannot be read. */
  readonly listHandles: (signal: AbortSignal) => Promise<ReadonlySet<string>>;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Candidate {
  readonly since: number;
  observations: number;
}

/**
 * Volumes on disks that nobody outside knows: what a volume leaves whose PersistentVolume was deleted with `Retain`, or by force. They are reported
 * and never touched. One is reported once it has been seen several times and for an hour, since between its making and its PersistentVolume there
 * is some time. Pools that cannot be reached change nothing.
 */
export class Orphans {
  readonly #options: OrphansOptions;
  readonly #candidates = new Map<string, Candidate>();
  readonly #reported = new Set<string>();

  constructor(options: OrphansOptions) {
    this.#options = options;
  }

  /** Those that have been reported and are there still, sorted. */
  list(): readonly string[] {
    return [...this.#reported].sort();
  }

  /** Looks every few minutes, until the signal aborts. What is known is forgotten then: another program may look next. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    try {
      while (!signal.aborted) {
        await this.observe(signal).catch((error: unknown) => {
          if (signal.aborted) return;
          logger.warn('Volumes that nobody knows cannot be looked for', { err: error });
        });
        await clock.sleep(EVERY_MS, signal).catch(() => undefined);
      }
    } finally {
      this.#candidates.clear();
      this.#reported.clear();
    }
  }

  /** Looks once. Throws when nothing can be said. */
  async observe(signal: AbortSignal): Promise<void> {
    const { listHandles, stores } = this.#options;
    const pools = await Promise.all(
      stores.list().map(async (entry) => await this.#listVolumes(entry, signal)),
    );
    const reachable = new Map(pools.flatMap((pool) => (pool === undefined ? [] : [[pool.poolId, pool.ids]])));
    // After the volumes: one that is made in between is not looked at, and one that was made before may be known by now.
    const handles = await listHandles(signal);
    const now = this.#options.clock.monotonic();
    for (const ids of reachable.values()) {
      for (const id of ids) {
        if (handles.has(id)) this.#drop(id);
        else this.#count(id, now);
      }
    }
    for (const id of this.#candidates.keys()) {
      const ids = reachable.get(parseObjectId(id)?.poolId ?? '');
      if (ids !== undefined && !ids.has(id)) this.#drop(id);
    }
  }

  #count(id: string, now: number): void {
    const candidate = this.#candidates.get(id) ?? { since: now, observations: 0 };
    candidate.observations += 1;
    this.#candidates.set(id, candidate);
    if (candidate.observations < MINIMUM_OBSERVATIONS || now - candidate.since < MINIMUM_AGE_MS) return;
    if (this.#reported.has(id)) return;
    this.#reported.add(id);
    this.#options.logger.warn(
      'A volume on disk is known to no PersistentVolume; if nobody needs it, give it one that is released (how-to: delete a volume that nobody knows)',
      { volumeId: id },
    );
  }

  #drop(id: string): void {
    this.#candidates.delete(id);
    this.#reported.delete(id);
  }

  /** Undefined for a pool that cannot be read now. */
  async #listVolumes(
    { poolId, state }: StoreEntry,
    signal: AbortSignal,
  ): Promise<{ readonly poolId: string; readonly ids: ReadonlySet<string> } | undefined> {
    if (poolId === undefined || !('store' in state)) return undefined;
    const ids = new Set<string>();
    let startingToken: string | undefined;
    try {
      do {
        const page = await state.store.listVolumes({ maxEntries: PAGE, startingToken }, signal);
        for (const { id } of page.entries) ids.add(id);
        startingToken = page.nextToken;
      } while (startingToken !== undefined);
      return { poolId, ids };
    } catch (error) {
      signal.throwIfAborted();
      this.#options.logger.debug('A pool is left out of the search for volumes that nobody knows', {
        poolId,
        err: error,
      });
      return undefined;
    }
  }
}
