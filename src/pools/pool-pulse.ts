import { setTimeout as sleep } from 'node:timers/promises';
import { raceAbort } from '../base/keyed-lock.ts';
import { DriverError, isDriverError } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';

export interface PulseLimits {
  /** Calls of one lane that may be under way at once: each may hold a thread for as long as the pool does not answer. */
  readonly maximumAtOnce: number;
  /** A call that takes longer is a reason to ask the pool whether it answers. */
  readonly overdueMs: number;
  /** A pool that has not answered for so long is not available. */
  readonly unansweredMs: number;
  /** How long until it is asked again when nobody could ask it. Default: a second. */
  readonly askAgainMs?: number;
}

const ASK_AGAIN_MS = 1_000;

const LIMITS: PulseLimits = { maximumAtOnce: 16, overdueMs: 5_000, unansweredMs: 5_000 };

export interface PoolPulseOptions {
  readonly poolName: string;
  /** Writes a little to the pool and waits until it is there. Whatever it says, also that it fails, is an answer. */
  readonly probe: () => Promise<void>;
  readonly logger: Logger;
  readonly limits?: PulseLimits;
}

/** Reads are answered from memory mostly: they must not wait for writes, which may hang alone. */
export type Lane = 'read' | 'write';

/** A call that waits for its turn. */
interface Waiter {
  readonly start: () => void;
  readonly refuse: (error: Error) => void;
}

interface LaneState {
  underWay: number;
  readonly waiting: Set<Waiter>;
}

/**
 * Keeps a pool that does not answer (a dead disk or server, a file system that somebody has frozen) from taking the threads that the other
 * pools need: only so many calls run at once, and none is begun any more once a call is overdue and the pool gives no sign of life. When it gives one, calls that take long
 * are work, and make room.
 */
export class PoolPulse {
  readonly #options: PoolPulseOptions;
  readonly #limits: PulseLimits;
  readonly #lanes: Readonly<Record<Lane, LaneState>> = {
    read: { underWay: 0, waiting: new Set() },
    write: { underWay: 0, waiting: new Set() },
  };
  #probing: Promise<void> | undefined;
  #silentSince: number | undefined;
  /** Aborts when the pool falls silent. */
  #silence = new AbortController();

  constructor(options: PoolPulseOptions) {
    this.#options = options;
    this.#limits = options.limits ?? LIMITS;
  }

  /** Why no calls are taken now: a sentence that says what to do. Undefined while the pool answers. */
  findObstacle(): string | undefined {
    if (this.#silentSince === undefined) return undefined;
    const seconds = Math.round((performance.now() - this.#silentSince) / 1000);
    return `Pool ${this.#options.poolName} does not answer: what was written to it has not come to an end for ${seconds} s. Look after its disk or server (dmesg), and whether somebody has frozen its file system (fsfreeze); once it answers, calls are taken again.`;
  }

  /**
   * Does the work when it is its turn. Throws POOL_UNAVAILABLE while the pool does not answer, also when it begins to after the work has: nobody waits for that any more, but it
   * may go on. Throws the signal's reason when that aborts before its turn.
   */
  async run<T>(work: () => Promise<T>, signal: AbortSignal, lane: Lane = 'write'): Promise<T> {
    this.#check();
    signal.throwIfAborted();
    const state = this.#lanes[lane];
    if (state.underWay >= this.#limits.maximumAtOnce) await this.#waitForTurn(state, signal);
    else state.underWay += 1;
    let isCounted = true;
    const makeRoom = (): void => {
      if (isCounted) this.#pass(state);
      isCounted = false;
    };
    const timer = setTimeout(() => void this.#ask().then(makeRoom), this.#limits.overdueMs);
    timer.unref();
    const working = work().finally(() => {
      clearTimeout(timer);
      makeRoom();
    });
    return await raceAbort(working, this.#silence.signal);
  }

  #check(): void {
    const obstacle = this.findObstacle();
    if (obstacle !== undefined) throw new DriverError('POOL_UNAVAILABLE', obstacle);
  }

  async #waitForTurn(state: LaneState, signal: AbortSignal): Promise<void> {
    const turn = Promise.withResolvers<void>();
    const waiter: Waiter = { start: turn.resolve, refuse: turn.reject };
    state.waiting.add(waiter);
    try {
      await raceAbort(turn.promise, signal);
    } catch (error) {
      // Its turn may have come in the moment in which it left.
      if (!state.waiting.delete(waiter))
        void turn.promise.then(
          () => this.#pass(state),
          () => undefined,
        );
      throw error;
    }
  }

  /** Gives a place to the next who waits. */
  #pass(state: LaneState): void {
    const [next] = state.waiting;
    if (next === undefined) {
      state.underWay -= 1;
      return;
    }
    state.waiting.delete(next);
    next.start();
  }

  /** Resolves when the pool gives a sign of life, whatever it says. One question at a time. */
  #ask(): Promise<void> {
    this.#probing ??= this.#probe().finally(() => {
      this.#probing = undefined;
    });
    return this.#probing;
  }

  async #probe(): Promise<void> {
    const { poolName, probe, logger } = this.#options;
    const askedAt = performance.now();
    const timer = setTimeout(() => this.#fallSilent(askedAt), this.#limits.unansweredMs);
    timer.unref();
    let failure: unknown;
    try {
      failure = await this.#getAnswer(probe);
    } finally {
      clearTimeout(timer);
    }
    if (this.#silentSince === undefined) return;
    this.#silentSince = undefined;
    this.#silence = new AbortController();
    logger.info('A pool answers again', {
      pool: poolName,
      ...(failure === undefined ? {} : { err: failure }),
    });
  }

  /** What the pool said, or undefined when all is well. That nobody could ask it, for who should is gone or waits itself, is no answer: it is asked again. */
  async #getAnswer(probe: () => Promise<void>): Promise<unknown> {
    for (;;) {
      try {
        await probe();
        return undefined;
      } catch (error) {
        if (!isDriverError(error, 'POOL_UNAVAILABLE') && !isDriverError(error, 'OPERATION_PENDING'))
          return error;
      }
      await sleep(this.#limits.askAgainMs ?? ASK_AGAIN_MS, undefined, { ref: false });
    }
  }

  #fallSilent(since: number): void {
    this.#silentSince = since;
    const obstacle = this.findObstacle() ?? '';
    this.#options.logger.error('A pool does not answer', { pool: this.#options.poolName, reason: obstacle });
    for (const { waiting } of Object.values(this.#lanes)) {
      for (const { refuse } of waiting) refuse(new DriverError('POOL_UNAVAILABLE', obstacle));
      waiting.clear();
    }
    this.#silence.abort(new DriverError('POOL_UNAVAILABLE', obstacle));
  }
}
