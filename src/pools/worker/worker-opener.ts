import { startDeadline } from '../../base/deadline.ts';
import { raceAbort } from '../../base/keyed-lock.ts';
import { DriverError } from '../../domain/errors.ts';
import type { LocalFileStore } from '../../filestore/file-store.ts';
import type { ConfiguredPool, PoolEvents, PoolOpener } from '../open-pool.ts';
import type { StoreVerbs } from './store-verbs.ts';
import { createWorkerStore, type StoreCaller } from './worker-store.ts';

/** Mounting, and the first look at what is there; a server that takes longer does not answer. */
const OPENS_WITHIN_MS = 30_000;
/** Less than stopping the program may take. */
const CLOSES_WITHIN_MS = 5_000;

/** The workers of a node's pools. */
export interface OpenableWorkers {
  get(poolName: string): StoreCaller;
  /** Told when the worker finds its pool gone. One listener for each pool, the last one. */
  onLost(poolName: string, listener: (error: DriverError) => void): void;
  /** What the pool's server is, for sentences: `server nfs1 (export /srv/volumes)`. */
  describe(poolName: string): string;
}

/** Opens pools in their workers. What takes longer goes on there, and the next attempt joins it: the mounts of pods hang on the same worker. */
export function createWorkerOpener(
  workers: OpenableWorkers,
  { opensWithinMs }: { readonly opensWithinMs: number } = { opensWithinMs: OPENS_WITHIN_MS },
): PoolOpener {
  async function open(
    { pool, admittance }: Parameters<PoolOpener['open']>[0],
    events: PoolEvents,
    signal: AbortSignal,
  ): Promise<LocalFileStore | undefined> {
    const worker = workers.get(pool.name);
    // Before it is asked: it may find the pool gone right after it has answered.
    workers.onLost(pool.name, events.lost);
    const opened = await answerOf(pool, signal, (own) => worker.call('openStore', admittance, own));
    if (opened === undefined) return undefined;
    const { record, abilities } = opened;
    const close = async (): Promise<void> => {
      if (worker.isRunning) await closeStore(worker);
    };
    try {
      events.claim(record);
    } catch (error) {
      await close();
      throw error;
    }
    return createWorkerStore(worker, { poolId: record.poolId, abilities }, close);
  }

  async function answerOf<T>(
    pool: ConfiguredPool,
    signal: AbortSignal,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    // A process that starts slowly, on a node that is busy, says nothing about the server.
    await workers.get(pool.name).start(signal);
    using deadline = startDeadline(signal, opensWithinMs);
    try {
      return await raceAbort(ask(deadline.signal), deadline.signal);
    } catch (error) {
      // Another deadline may have come to its end in the worker.
      if (!deadline.signal.aborted || signal.aborted) throw error;
      const why = `The ${workers.describe(pool.name)} of pool ${pool.name} does not answer: see whether it runs, and whether this node reaches it.`;
      throw new DriverError('POOL_UNAVAILABLE', why, { cause: error });
    }
  }

  return {
    open,
    probe: async ({ name }) => {
      // What holds up the probe is the pool, which is what is asked.
      await workers.get(name).call('probeStore', undefined, new AbortController().signal);
    },
  };
}

/** Closing is bounded: what it cannot wait for ends with the process. */
async function closeStore(worker: {
  call(verb: 'closeStore', argument: undefined, signal: AbortSignal): ReturnType<StoreVerbs['closeStore']>;
}): Promise<void> {
  using deadline = startDeadline(new AbortController().signal, CLOSES_WITHIN_MS);
  await worker.call('closeStore', undefined, deadline.signal).catch(() => undefined);
}
