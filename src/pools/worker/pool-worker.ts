import { startDeadline } from '../../base/deadline.ts';
import { raceAbort } from '../../base/keyed-lock.ts';
import { DriverError, isDriverError } from '../../domain/errors.ts';
import type { WorkerProcess } from '../../host/worker-process.ts';
import type { Logger } from '../../observability/logger.ts';
import { MessagePeer, type Verb, type Verbs } from '../../rpc/message-peer.ts';

/** Workers of one pool that hang in the kernel; more are not started. */
export const MAX_ABANDONED = 3;

/** Bounds on a worker; tests shorten them. */
export interface PoolWorkerLimits {
  /** How long one may stay that nobody has asked anything. */
  readonly idleMs: number;
  /** From its start until it has been told what it is for. */
  readonly startsWithinMs: number;
  /** For its closing in order, and for saying whether it is idle. */
  readonly closesWithinMs: number;
}

const LIMITS: PoolWorkerLimits = { idleMs: 180_000, startsWithinMs: 60_000, closesWithinMs: 5_000 };

/** What every worker offers. */
export type WorkerVerbs<Setup = never> = {
  /** The first call: what it is for. */
  readonly configure: Verb<Setup, void>;
  /** Whether it could be ended now without anything being cut short. */
  readonly isIdle: Verb<undefined, boolean>;
  /** Ends its work, within seconds. */
  readonly close: Verb<undefined, void>;
};

/** What one worker may ask of this process. */
export interface WorkerService {
  readonly verbs: Verbs;
  /** Lets go of what the worker had open here, once it has ended. Never throws. */
  close(): Promise<void>;
}

export interface PoolWorkerOptions<Setup> {
  readonly poolName: string;
  readonly start: () => WorkerProcess;
  readonly setup: Setup;
  /** Called for each process. */
  readonly serve: () => WorkerService;
  readonly logger: Logger;
  readonly limits?: Partial<PoolWorkerLimits>;
}

interface Running<V extends Verbs> {
  readonly process: WorkerProcess;
  readonly peer: MessagePeer<V>;
  readonly service: WorkerService;
  /** Resolves when it has been told what it is for. */
  readonly ready: Promise<void>;
}

/**
 * The child process in which everything of one pool is done that can hang on its server. Started when it is called, ended when it is idle, killed when it
 * does not answer; one that cannot be killed is abandoned and counted. There is one at a time: the next one is started when the one before has ended, or is abandoned. What it
 * held open is its own: whoever calls it again has to expect another one.
 */
export class PoolWorker<Setup, V extends WorkerVerbs<Setup> & Verbs> {
  readonly #options: PoolWorkerOptions<Setup>;
  readonly #limits: PoolWorkerLimits;
  #running: Running<V> | undefined;
  /** That of the one before. Never rejects. */
  #ending: Promise<void> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #underWay = 0;
  /** How many calls there have been. */
  #asked = 0;
  #abandoned = 0;
  #isClosed = false;

  constructor(options: PoolWorkerOptions<Setup>) {
    this.#options = options;
    this.#limits = { ...LIMITS, ...options.limits };
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** How many of its processes hang in the kernel. */
  get abandoned(): number {
    return this.#abandoned;
  }

  /**
   * Resolves when there is a worker that takes calls. A process that starts says nothing about the pool's server: whoever counts how long that takes waits for this first.
   * Throws POOL_UNAVAILABLE when it cannot be started.
   */
  async start(signal: AbortSignal): Promise<void> {
    while (this.#ending !== undefined) await raceAbort(this.#ending, signal);
    await raceAbort(this.#get().ready, signal);
    this.#rest();
  }

  /** Calls the worker. Throws what the verb throws, and POOL_UNAVAILABLE when the worker cannot be started, or has ended meanwhile. */
  async call<K extends keyof V & string>(
    verb: K,
    argument: Parameters<V[K]>[0],
    signal: AbortSignal,
  ): Promise<Awaited<ReturnType<V[K]>>> {
    clearTimeout(this.#idle);
    this.#underWay += 1;
    this.#asked += 1;
    try {
      while (this.#ending !== undefined) await raceAbort(this.#ending, signal);
      const { peer, ready } = this.#get();
      await raceAbort(ready, signal);
      return await peer.call(verb, argument, signal);
    } finally {
      this.#underWay -= 1;
      this.#rest();
    }
  }

  /** Kills it, so that the next call has another one; calls under way fail with POOL_UNAVAILABLE and this reason. Returns at once. */
  kill(why: string): void {
    const running = this.#running;
    if (running === undefined) return;
    const { poolName, logger } = this.#options;
    logger.warn('The worker of a pool is killed', { pool: poolName, pid: running.process.pid, reason: why });
    void this.#end(running, why, 'by force');
  }

  /** Ends it for good: in order if it answers, else by force. Bounded, whatever it does. Never throws. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#idle);
    await this.#ending;
    if (this.#running !== undefined) await this.#end(this.#running, 'The program is stopping.', 'in order');
  }

  /** Takes it out of use at once. Resolves when it has ended, or is abandoned. Never rejects. */
  async #end(running: Running<V>, why: string, how: 'in order' | 'by force'): Promise<void> {
    if (this.#running !== running) return;
    this.#running = undefined;
    const ending = this.#finish(running, why, how).finally(() => {
      this.#ending = undefined;
    });
    this.#ending = ending;
    await ending;
  }

  async #finish({ process, peer, service }: Running<V>, why: string, how: string): Promise<void> {
    using deadline = startDeadline(NEVER, this.#limits.closesWithinMs);
    // Whether it can or not, it is killed then.
    if (how === 'in order') await peer.call('close', undefined, deadline.signal).catch(() => undefined);
    peer.close(new DriverError('POOL_UNAVAILABLE', why));
    if (!(await process.kill())) this.#abandon(process);
    await raceAbort(service.close(), deadline.signal).catch(() => undefined);
  }

  #abandon({ pid, ended }: WorkerProcess): void {
    const { poolName, logger } = this.#options;
    this.#abandoned += 1;
    logger.error(
      'The worker of a pool cannot be killed, since it hangs in the kernel; it is left to itself',
      { pool: poolName, pid },
    );
    const forget = async (): Promise<void> => {
      await ended;
      this.#abandoned -= 1;
      logger.info('A worker that hung in the kernel has ended', { pool: poolName, pid });
    };
    void forget();
  }

  #get(): Running<V> {
    const { poolName } = this.#options;
    if (this.#isClosed) throw new DriverError('POOL_UNAVAILABLE', `Pool ${poolName} is being closed.`);
    if (this.#running !== undefined) return this.#running;
    if (this.#abandoned >= MAX_ABANDONED) {
      throw new DriverError(
        'POOL_UNAVAILABLE',
        `${this.#abandoned} processes that worked on pool ${poolName} hang in the kernel, and no other one is started: look after its server, or restart the node.`,
      );
    }
    return this.#start();
  }

  #start(): Running<V> {
    const { poolName, serve, logger } = this.#options;
    const process = this.#startProcess();
    const service = serve();
    const gone = `The process that works on pool ${poolName} has ended: ask again.`;
    const peer = new MessagePeer<V>(process, service.verbs, gone);
    const running: Running<V> = { process, peer, service, ready: this.#configure(peer, () => running) };
    // Who waits for it is told; perhaps nobody does any more.
    running.ready.catch(() => undefined);
    this.#running = running;
    process.onClose(() => {
      if (this.#running !== running) return;
      this.#running = undefined;
      logger.warn('The worker of a pool has ended by itself', { pool: poolName, pid: process.pid });
      void service.close();
    });
    return running;
  }

  #startProcess(): WorkerProcess {
    try {
      return this.#options.start();
    } catch (error) {
      throw this.#notStarted(error);
    }
  }

  async #configure(peer: MessagePeer<V>, getRunning: () => Running<V>): Promise<void> {
    using deadline = startDeadline(NEVER, this.#limits.startsWithinMs);
    try {
      await peer.call('configure', this.#options.setup, deadline.signal);
    } catch (error) {
      const failure = isDriverError(error, 'POOL_UNAVAILABLE') ? error : this.#notStarted(error);
      void this.#end(getRunning(), failure.message, 'by force');
      throw failure;
    }
  }

  #notStarted(cause: unknown): DriverError {
    return new DriverError(
      'POOL_UNAVAILABLE',
      `The process that works on pool ${this.#options.poolName} could not be started (${cause instanceof Error ? cause.message : String(cause)}): see the log of this node, and whether it has memory and processes left.`,
      { cause },
    );
  }

  #rest(): void {
    if (this.#underWay > 0 || this.#running === undefined) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.#endWhenIdle(), this.#limits.idleMs).unref();
  }

  async #endWhenIdle(): Promise<void> {
    const running = this.#running;
    if (running === undefined || this.#underWay > 0) return;
    const asked = this.#asked;
    using deadline = startDeadline(NEVER, this.#limits.closesWithinMs);
    const isIdle = await running.peer.call('isIdle', undefined, deadline.signal).catch(() => false);
    // A call that came and went meanwhile may have begun something that goes on.
    if (isIdle && asked === this.#asked)
      await this.#end(running, 'The process was idle: ask again.', 'in order');
    else this.#rest();
  }
}

const NEVER = new AbortController().signal;
