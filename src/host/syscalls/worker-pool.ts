import { Worker } from 'node:worker_threads';
import { DriverError } from '../../domain/errors.ts';

export interface WorkerPoolOptions {
  readonly workerUrl: URL;
  /** Workers that may be busy at once. Those whose call is slow or hangs do not count. */
  readonly maximumWorkers: number;
  /** How long a request waits for a busy worker before another one starts: one costs 10 MiB and more time than most calls. */
  readonly patienceMs: number;
  /** A call that takes longer does not keep the others waiting: its worker does not count as busy any more. */
  readonly slowMs: number;
  /** A worker that has had nothing to do for so long ends. */
  readonly idleMs: number;
  /** From so many hanging calls on, further ones are refused. So many that are slow or hang do not count as busy. */
  readonly maximumStuck: number;
}

/** Small heaps, which calls with flat arguments never fill: a worker takes 4 MiB then instead of 15, and gives them back. */
const HEAP = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 };

/** How long a call may take that nothing else is said of. */
const DEFAULT_BOUND_MS = 60_000;

interface Task {
  readonly request: unknown;
  readonly signal: AbortSignal;
  readonly withinMs: number;
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
  /** Waits for the end of its idleness, or for its call to be slow and then overdue. */
  timer: NodeJS.Timeout | undefined;
}

/**
 * Worker threads that answer one request at a time. The first starts on demand, further ones when it is slow, and they end when idle. One whose call is slow
 * makes room for another. One whose caller has given up, or whose call takes longer than it may, is set aside with its call until that returns.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #idle: Slot[] = [];
  readonly #busy = new Set<Slot>();
  /** Whose call is slow, and still waited for. */
  readonly #slow = new Set<Slot>();
  readonly #stuck = new Set<Slot>();
  readonly #queue: Task[] = [];
  #growth: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** How many workers hang in a call that nobody waits for. */
  get stuckCount(): number {
    return this.#stuck.size + (this.#isClosed ? this.#busy.size + this.#slow.size : 0);
  }

  /**
   * Has a worker answer. Throws the signal's reason when it aborts first, OPERATION_PENDING (DriverError) while the very
   * same request hangs, POOL_UNAVAILABLE when too many do, and when this one has not been answered within `withinMs` of its start.
   */
  run(request: unknown, signal: AbortSignal, withinMs = DEFAULT_BOUND_MS): Promise<unknown> {
    this.#check(request, signal);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const onAbort = (): void => this.#abandon(task, toError(signal.reason));
    const forget = (): void => signal.removeEventListener('abort', onAbort);
    const task: Task = { request, signal, withinMs, settle: { resolve, reject }, forget };
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
    const busy = [...this.#busy, ...this.#slow, ...this.#stuck];
    const closed = new Error('The system-call workers have been closed.');
    for (const task of this.#queue.splice(0)) fail(task, closed);
    for (const slot of busy) {
      clearTimeout(slot.timer);
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
      this.#give(slot, task);
    }
  }

  #takeSlot(): Slot | undefined {
    if (this.#busy.size >= this.#options.maximumWorkers) return undefined;
    const slot = this.#idle.pop() ?? (this.#busy.size === 0 ? this.#start() : undefined);
    if (slot === undefined) {
      this.#growth ??= setTimeout(() => this.#grow(), this.#options.patienceMs);
      return undefined;
    }
    this.#busy.add(slot);
    return slot;
  }

  #give(slot: Slot, task: Task): void {
    slot.task = task;
    clearTimeout(slot.timer);
    const slowMs = Math.min(this.#options.slowMs, task.withinMs);
    slot.timer = setTimeout(() => this.#setAside(slot, task, task.withinMs - slowMs), slowMs);
    slot.timer.unref();
    slot.worker.ref();
    slot.worker.postMessage(task.request, []);
  }

  /** What is slow may be the beginning of what hangs: it is not to hold up the others meanwhile. */
  #setAside(slot: Slot, task: Task, restMs: number): void {
    slot.timer = setTimeout(() => this.#abandon(task, toOverdue(task)), restMs);
    slot.timer.unref();
    if (this.#slow.size + this.#stuck.size >= this.#options.maximumStuck) return;
    this.#busy.delete(slot);
    this.#slow.add(slot);
    this.#assign();
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
        this.#give(slot, task);
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
      timer: undefined,
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
    this.#remove(slot);
    if (this.#isClosed) return;
    slot.worker.unref();
    slot.timer = setTimeout(() => this.#retire(slot), this.#options.idleMs);
    slot.timer.unref();
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
    clearTimeout(slot.timer);
    const index = this.#idle.indexOf(slot);
    if (index >= 0) this.#idle.splice(index, 1);
    for (const slots of [this.#busy, this.#slow, this.#stuck]) slots.delete(slot);
  }

  #abandon(task: Task, reason: Error): void {
    const index = this.#queue.indexOf(task);
    if (index >= 0) this.#queue.splice(index, 1);
    const slot = [...this.#busy, ...this.#slow].find((candidate) => candidate.task === task);
    fail(task, reason);
    if (slot === undefined) return;
    clearTimeout(slot.timer);
    slot.task = undefined;
    slot.stuckKey = toKey(task.request);
    slot.worker.unref();
    this.#busy.delete(slot);
    this.#slow.delete(slot);
    this.#stuck.add(slot);
    this.#assign();
  }
}

function toOverdue({ request, withinMs }: Task): DriverError {
  return new DriverError(
    'POOL_UNAVAILABLE',
    `A system call has not returned for ${withinMs / 1000} s: ${toKey(request)}. The storage behind it does not answer; check its device or server, and try again.`,
  );
}

function fail(task: Task, error: Error): void {
  task.forget();
  task.settle.reject(error);
}

async function endWorker(slot: Slot): Promise<void> {
  clearTimeout(slot.timer);
  await slot.worker.terminate();
}

function toKey(request: unknown): string {
  return JSON.stringify(request, (_name, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
