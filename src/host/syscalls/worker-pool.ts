import { Worker } from 'node:worker_threads';
import { DriverError } from '../../domain/errors.ts';

export interface WorkerPoolOptions {
  readonly workerUrl: URL;
  /** Workers that may be busy at once. Those that hang do not count. */
  readonly maximumWorkers: number;
  /** How long a request waits for a busy worker before another one starts: one costs 10 MiB and more time than most calls. */
  readonly patienceMs: number;
  /** A worker that has had nothing to do for so long ends. */
  readonly idleMs: number;
  /** From so many hanging calls on, further ones are refused. */
  readonly maximumStuck: number;
}

/** Small heaps, which calls with flat arguments never fill: a worker takes 4 MiB then instead of 15, and gives them back. */
const HEAP = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 };

interface Task {
  readonly request: unknown;
  readonly signal: AbortSignal;
  readonly settle: { readonly resolve: (reply: unknown) => void; readonly reject: (error: Error) => void };
  /** Stops listening to the caller's signal. */
  readonly forget: () => void;
}

interface Slot {
  readonly worker: Worker;
  /** Whether it has begun to run. */
  isOnline: boolean;
  task: Task | undefined;
  /** What is hanging in it, by {@link toKey}. */
  stuckKey: string | undefined;
  idleTimer: NodeJS.Timeout | undefined;
}

/**
 * Worker threads that answer one request at a time. The first starts on demand, further ones when it is slow, and they end when idle. One whose caller has given up is
 * set aside with its call: another takes its place, and it comes back when the call does.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #idle: Slot[] = [];
  readonly #busy = new Set<Slot>();
  readonly #stuck = new Set<Slot>();
  readonly #queue: Task[] = [];
  #growth: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** How many workers hang in a call that nobody waits for. */
  get stuckCount(): number {
    return this.#stuck.size;
  }

  /**
   * Has a worker answer. Throws the signal's reason when it aborts first, OPERATION_PENDING (DriverError) while the very
   * same request hangs, POOL_UNAVAILABLE when too many do.
   */
  run(request: unknown, signal: AbortSignal): Promise<unknown> {
    this.#check(request, signal);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const onAbort = (): void => this.#abandon(task, toError(signal.reason));
    const forget = (): void => signal.removeEventListener('abort', onAbort);
    const task: Task = { request, signal, settle: { resolve, reject }, forget };
    signal.addEventListener('abort', onAbort, { once: true });
    this.#queue.push(task);
    this.#assign();
    return promise;
  }

  /** Ends the workers. Does not wait for those in the middle of a call; their callers get an error. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#growth);
    const idle = this.#idle.splice(0);
    const busy = [...this.#busy, ...this.#stuck];
    const closed = new Error('The system-call workers have been closed.');
    for (const task of this.#queue.splice(0)) fail(task, closed);
    for (const slot of busy) {
      if (slot.task !== undefined) fail(slot.task, closed);
      slot.task = undefined;
      slot.worker.unref();
      // A thread in the middle of a system call ends when that returns, which may be never.
      void slot.worker.terminate();
    }
    await Promise.all(idle.map((slot) => endWorker(slot)));
  }

  #check(request: unknown, signal: AbortSignal): void {
    signal.throwIfAborted();
    if (this.#isClosed) throw new Error('The system-call workers have been closed.');
    if (this.#stuck.size === 0) return;
    const key = toKey(request);
    if ([...this.#stuck].some((slot) => slot.stuckKey === key)) {
      throw new DriverError(
        'OPERATION_PENDING',
        `An earlier system call with the same arguments has not returned: ${key}. The storage behind it does not answer; check its device or server, and try again.`,
      );
    }
    if (this.#stuck.size >= this.#options.maximumStuck) {
      throw new DriverError(
        'POOL_UNAVAILABLE',
        `${this.#stuck.size} system calls hang on storage that does not answer. Find the dead device or server (processes in state D show it), or restart this machine.`,
      );
    }
  }

  #assign(): void {
    while (this.#queue.length > 0) {
      // Its caller has left; that its listener hears of it later must not start a call that nobody wants.
      if (this.#queue[0]?.signal.aborted === true) {
        this.#queue.shift();
        continue;
      }
      const slot = this.#takeSlot();
      const task = slot === undefined ? undefined : this.#queue.shift();
      if (slot === undefined || task === undefined) return;
      give(slot, task);
    }
  }

  #takeSlot(): Slot | undefined {
    if (this.#busy.size >= this.#options.maximumWorkers) return undefined;
    const slot = this.#idle.pop() ?? (this.#busy.size === 0 ? this.#start() : undefined);
    if (slot === undefined) {
      this.#growth ??= setTimeout(() => this.#grow(), this.#options.patienceMs);
      return undefined;
    }
    clearTimeout(slot.idleTimer);
    this.#busy.add(slot);
    return slot;
  }

  /** What still waits has waited long enough for another worker, unless one is about to be there. */
  #grow(): void {
    this.#growth = undefined;
    const isStarting = [...this.#busy].some((slot) => !slot.isOnline);
    const isFull = this.#busy.size >= this.#options.maximumWorkers;
    if (!isStarting && !isFull && !this.#isClosed) {
      const task = this.#queue.shift();
      if (task !== undefined && !task.signal.aborted) {
        const slot = this.#start();
        this.#busy.add(slot);
        give(slot, task);
      }
    }
    this.#assign();
  }

  #start(): Slot {
    const { workerUrl } = this.#options;
    const worker = new Worker(workerUrl, { name: 'syscalls', execArgv: [], resourceLimits: HEAP });
    const slot: Slot = {
      worker,
      isOnline: false,
      task: undefined,
      stuckKey: undefined,
      idleTimer: undefined,
    };
    worker.on('online', () => {
      slot.isOnline = true;
    });
    worker.on('message', (reply) => this.#release(slot, reply));
    worker.on('error', (error) => this.#drop(slot, toError(error)));
    worker.on('exit', (code) => this.#drop(slot, new Error(`A system-call worker ended with code ${code}.`)));
    return slot;
  }

  #release(slot: Slot, reply: unknown): void {
    const { task } = slot;
    slot.task = undefined;
    slot.stuckKey = undefined;
    this.#busy.delete(slot);
    this.#stuck.delete(slot);
    if (this.#isClosed) return;
    slot.worker.unref();
    slot.idleTimer = setTimeout(() => this.#retire(slot), this.#options.idleMs);
    slot.idleTimer.unref();
    this.#idle.push(slot);
    task?.forget();
    task?.settle.resolve(reply);
    this.#assign();
  }

  #retire(slot: Slot): void {
    this.#remove(slot);
    void endWorker(slot);
  }

  #drop(slot: Slot, error: Error): void {
    this.#remove(slot);
    if (slot.task !== undefined) fail(slot.task, error);
    slot.task = undefined;
    if (!this.#isClosed) this.#assign();
  }

  #remove(slot: Slot): void {
    clearTimeout(slot.idleTimer);
    const index = this.#idle.indexOf(slot);
    if (index >= 0) this.#idle.splice(index, 1);
    this.#busy.delete(slot);
    this.#stuck.delete(slot);
  }

  #abandon(task: Task, reason: Error): void {
    const index = this.#queue.indexOf(task);
    if (index >= 0) this.#queue.splice(index, 1);
    const slot = [...this.#busy].find((candidate) => candidate.task === task);
    fail(task, reason);
    if (slot === undefined) return;
    slot.task = undefined;
    slot.stuckKey = toKey(task.request);
    slot.worker.unref();
    this.#busy.delete(slot);
    this.#stuck.add(slot);
    this.#assign();
  }
}

function give(slot: Slot, task: Task): void {
  slot.task = task;
  slot.worker.ref();
  slot.worker.postMessage(task.request, []);
}

function fail(task: Task, error: Error): void {
  task.forget();
  task.settle.reject(error);
}

async function endWorker(slot: Slot): Promise<void> {
  clearTimeout(slot.idleTimer);
  await slot.worker.terminate();
}

function toKey(request: unknown): string {
  return JSON.stringify(request);
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
