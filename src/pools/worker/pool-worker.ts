import { startDeadline } from '../../base/deadline.ts';
import { DriverError } from '../../domain/errors.ts';
import type { WorkerProcess } from '../../host/worker-process.ts';
import type { Logger } from '../../observability/logger.ts';
import { MessagePeer, type Verb, type Verbs } from '../../rpc/message-peer.ts';

/** How long a worker may stay that nobody has asked anything. */
const IDLE_MS = 180_000;
/** Bound on its being told what it is for, and on its closing in order. */
const MANNERS_MS = 5_000;
/** Workers of one pool that hang in the kernel; more are not started. */
const MAX_ABANDONED = 3;

/** What every worker offers. */
export type WorkerVerbs<Setup = never> = {
  /** The first call: what it is for. */
  readonly configure: Verb<Setup, void>;
  /** Whether it could be ended now without anything being cut short. */
  readonly isIdle: Verb<undefined, boolean>;
  /** Ends its work, within seconds. */
  readonly close: Verb<undefined, void>;
};

export interface PoolWorkerOptions<Setup> {
  readonly poolName: string;
  readonly start: () => WorkerProcess;
  readonly setup: Setup;
  /** What the worker may ask of this process. */
  readonly verbs: Verbs;
  readonly logger: Logger;
  /** Default: three minutes. */
  readonly idleMs?: number;
}

interface Running<V extends Verbs> {
  readonly process: WorkerProcess;
  readonly peer: MessagePeer<V>;
  readonly ready: Promise<void>;
}

/**
 * The child process in which everything of one pool is done that can hang on its server. Started when it is called, ended when it is idle, killed when it
 * does not answer; one that cannot be killed is abandoned and counted. What it held open is its own: whoever calls it again has to expect another one.
 */
export class PoolWorker<Setup, V extends WorkerVerbs<Setup> & Verbs> {
  readonly #options: PoolWorkerOptions<Setup>;
  #running: Running<V> | undefined;
  #idle: NodeJS.Timeout | undefined;
  #underWay = 0;
  #abandoned = 0;
  #isClosed = false;

  constructor(options: PoolWorkerOptions<Setup>) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** How many of its processes hang in the kernel. */
  get abandoned(): number {
    return this.#abandoned;
  }

  /** Calls the worker. Throws what the verb throws, and POOL_UNAVAILABLE when the worker cannot be started, or has ended meanwhile. */
  async call<K extends keyof V & string>(
    verb: K,
    argument: Parameters<V[K]>[0],
    signal: AbortSignal,
  ): Promise<Awaited<ReturnType<V[K]>>> {
    clearTimeout(this.#idle);
    this.#underWay += 1;
    try {
      const { peer, ready } = this.#get();
      await ready;
      return await peer.call(verb, argument, signal);
    } finally {
      this.#underWay -= 1;
      this.#rest();
    }
  }

  /** Kills it, so that the next call has another one. Returns at once. */
  kill(why: string): void {
    void this.#kill(why);
  }

  async #kill(why: string): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    const { poolName, logger } = this.#options;
    running.peer.close(new DriverError('POOL_UNAVAILABLE', why));
    logger.warn('The worker of a pool is killed', { pool: poolName, pid: running.process.pid, reason: why });
    if (await running.process.kill()) return;
    this.#abandoned += 1;
    logger.error(
      'The worker of a pool cannot be killed, since it hangs in the kernel; it is left to itself',
      {
        pool: poolName,
        pid: running.process.pid,
      },
    );
    await running.process.ended;
    this.#abandoned -= 1;
  }

  /** Ends it for good: in order if it answers, else by force. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#idle);
    await this.#end('The program is stopping.');
  }

  async #end(why: string): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    using deadline = startDeadline(new AbortController().signal, MANNERS_MS);
    try {
      await running.peer.call('close', undefined, deadline.signal);
    } catch {
      // Killed it is in any case.
    }
    if (this.#running !== running) return;
    this.#running = undefined;
    running.peer.close(new DriverError('POOL_UNAVAILABLE', why));
    if (!(await running.process.kill())) this.#abandoned += 1;
  }

  #get(): Running<V> {
    if (this.#running !== undefined) return this.#running;
    const { poolName, start, setup, verbs } = this.#options;
    if (this.#isClosed) throw new DriverError('POOL_UNAVAILABLE', `Pool ${poolName} is being closed.`);
    if (this.#abandoned >= MAX_ABANDONED) {
      throw new DriverError(
        'POOL_UNAVAILABLE',
        `${this.#abandoned} processes that worked on pool ${poolName} hang in the kernel, and no other one is started: look after its server, or restart the node.`,
      );
    }
    const process = start();
    const gone = `The process that works on pool ${poolName} has ended: ask again.`;
    const peer = new MessagePeer<V>(process, verbs, gone);
    const ready = this.#configure(peer, setup);
    ready.catch(() => undefined);
    const running = { process, peer, ready };
    this.#running = running;
    process.onClose(() => {
      if (this.#running === running) this.#running = undefined;
    });
    return running;
  }

  async #configure(peer: MessagePeer<V>, setup: Setup): Promise<void> {
    using deadline = startDeadline(new AbortController().signal, MANNERS_MS * 4);
    await peer.call('configure', setup, deadline.signal);
  }

  #rest(): void {
    if (this.#underWay > 0 || this.#isClosed) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.#endWhenIdle(), this.#options.idleMs ?? IDLE_MS).unref();
  }

  async #endWhenIdle(): Promise<void> {
    const running = this.#running;
    if (running === undefined || this.#underWay > 0) return;
    using deadline = startDeadline(new AbortController().signal, MANNERS_MS);
    const isIdle = await running.peer
      .call('isIdle', undefined as Parameters<V['isIdle']>[0], deadline.signal)
      .catch(() => false);
    if (isIdle && this.#underWay === 0) await this.#end('The process was idle: ask again.');
    else this.#rest();
  }
}
