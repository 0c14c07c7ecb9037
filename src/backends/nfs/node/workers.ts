import type { ContentSources } from '../../../filestore/content/content.ts';
import { DriverError } from '../../../domain/errors.ts';
import type { WorkerProcess } from '../../../host/worker-process.ts';
import type { Logger } from '../../../observability/logger.ts';
import { PoolPulse, type PulseLimits } from '../../../pools/pool-pulse.ts';
import { OpenContents } from '../../../pools/worker/content-verbs.ts';
import { PoolWorker, type WorkerService } from '../../../pools/worker/pool-worker.ts';
import type { OpenableWorkers } from '../../../pools/worker/worker-opener.ts';
import { toNfsSource } from '../../../config/nfs-source.ts';
import type { NfsPool } from '../config.ts';
import type { NfsNodeVerbs } from '../worker/node-verbs.ts';
import type { NfsParentVerbs, NfsWorkerSetup, NfsWorkerVerbs } from '../worker/setup.ts';

export interface NfsWorkersOptions {
  readonly pools: readonly NfsPool[];
  /** The same for all of them. */
  readonly setup: Omit<NfsWorkerSetup, 'pool'>;
  readonly start: () => WorkerProcess;
  /** The way to content of other nodes, and of other drivers on this one. */
  readonly contents: ContentSources;
  readonly logger: Logger;
  /** Default: those of {@link PoolPulse}. */
  readonly pulseLimits?: PulseLimits;
}

/** One pool with its worker. */
export interface NfsPoolWork {
  readonly pool: NfsPool;
  readonly worker: PoolWorker<NfsWorkerSetup, NfsWorkerVerbs>;
  /** What the node half asks of the pool goes through it. */
  readonly pulse: PoolPulse;
}

/** The workers of a node's pools, one for each. None runs before it is needed. */
export class NfsWorkers implements OpenableWorkers {
  readonly #works: ReadonlyMap<string, NfsPoolWork>;
  readonly #lost = new Map<string, (error: DriverError) => void>();

  constructor(options: NfsWorkersOptions) {
    this.#works = new Map(
      options.pools.map((pool) => [
        pool.name,
        createWork(options, pool, () => this.#serve(options.contents, pool.name)),
      ]),
    );
  }

  list(): readonly NfsPoolWork[] {
    return [...this.#works.values()];
  }

  /** Throws PRECONDITION_FAILED for a pool that this node does not have configured. */
  getWork(poolName: string): NfsPoolWork {
    const work = this.#works.get(poolName);
    if (work !== undefined) return work;
    throw new DriverError(
      'PRECONDITION_FAILED',
      `This node has no pool named ${poolName} under drivers.nfs.pools: configure it there.`,
    );
  }

  get(poolName: string): PoolWorker<NfsWorkerSetup, NfsWorkerVerbs> {
    return this.getWork(poolName).worker;
  }

  onLost(poolName: string, listener: (error: DriverError) => void): void {
    this.#lost.set(poolName, listener);
  }

  describe(poolName: string): string {
    return describePlace(this.getWork(poolName).pool);
  }

  /** How many processes hang in the kernel. */
  countAbandoned(): number {
    return this.list().reduce((sum, { worker }) => sum + worker.abandoned, 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.list().map(({ worker }) => worker.close()));
  }

  /** What one process may ask for. What it has open here goes with it. */
  #serve(contents: ContentSources, poolName: string): WorkerService {
    const opened = new OpenContents();
    const verbs: NfsParentVerbs = {
      ...opened.verbs,
      poolLost: async (sentence) => {
        await Promise.resolve();
        this.#lost.get(poolName)?.(new DriverError('POOL_UNAVAILABLE', sentence));
      },
      openRemote: async ({ handle, request }, signal) =>
        await opened.open(handle, () => contents.openContent(request, signal)),
    };
    return { verbs, close: async () => await opened.close() };
  }
}

/** What changes nothing. */
const READS: ReadonlySet<string> = new Set<keyof NfsNodeVerbs>(['getVolumeStats', 'examineMount']);

/** Has the worker of a pool do something while its server answers: {@link PoolPulse.run}. */
export async function askPool<K extends keyof NfsNodeVerbs>(
  { worker, pulse }: NfsPoolWork,
  verb: K,
  order: Parameters<NfsNodeVerbs[K]>[0],
  signal: AbortSignal,
): Promise<Awaited<ReturnType<NfsNodeVerbs[K]>>> {
  // A process that starts slowly, on a node that is busy, is not a server that is silent.
  await worker.start(signal);
  const lane = READS.has(verb) ? 'read' : 'write';
  return await pulse.run(async () => await worker.call(verb, order, signal), signal, lane);
}

/** `server of nfs1:/srv/volumes` */
export function describePlace(pool: NfsPool): string {
  return pool.type === 'nfs' ? `server of ${toNfsSource(pool)}` : `file system at ${pool.path}`;
}

function createWork(
  { setup, start, logger, pulseLimits }: NfsWorkersOptions,
  pool: NfsPool,
  serve: () => WorkerService,
): NfsPoolWork {
  const worker = new PoolWorker<NfsWorkerSetup, NfsWorkerVerbs>({
    poolName: pool.name,
    start,
    setup: { ...setup, pool },
    serve,
    logger,
  });
  const probe = async (): Promise<void> => {
    await worker.call('probeMounts', undefined, new AbortController().signal);
  };
  const limits = pulseLimits === undefined ? {} : { limits: pulseLimits };
  return { pool, worker, pulse: new PoolPulse({ poolName: pool.name, probe, logger, ...limits }) };
}
