import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { isDriverError } from '../../domain/errors.ts';
import { WorkerPool, type WorkerPoolOptions } from './worker-pool.ts';

/**
 * Answers `{ echo }` with the echo, `{ crash }` by ending, and to `{ gate }` blocks its thread, as a system call does, until the
 * first word of the shared memory is not 0.
 */
const SOURCE = `
  import { parentPort, threadId } from 'node:worker_threads';
  parentPort.on('message', (request) => {
    if (request.crash) process.exit(7);
    if (request.gate) Atomics.wait(new Int32Array(request.gate), 0, 0);
    parentPort.postMessage({ echo: request.echo, threadId });
  });`;
const workerUrl = new URL(`data:text/javascript,${encodeURIComponent(SOURCE)}`);
const never = new AbortController().signal;

describe('WorkerPool', () => {
  let pool: WorkerPool;
  afterEach(() => pool.close());

  function create(options: Partial<WorkerPoolOptions> = {}): WorkerPool {
    pool = new WorkerPool({
      workerUrl,
      maximumWorkers: 2,
      patienceMs: 5,
      slowMs: 60_000,
      idleMs: 60_000,
      maximumStuck: 2,
      ...options,
    });
    return pool;
  }

  /** A request that blocks its worker until it is opened. */
  function gate(echo: string) {
    const memory = new SharedArrayBuffer(4);
    const open = (): void => {
      const word = new Int32Array(memory);
      Atomics.store(word, 0, 1);
      Atomics.notify(word, 0);
    };
    return { request: { echo, gate: memory }, open };
  }

  it('answers each request with its own reply, in no more threads than are needed', async () => {
    create();

    const first = await pool.run({ echo: 'one' }, never);
    const second = await pool.run({ echo: 'two' }, never);

    expect(first).toMatchObject({ echo: 'one' });
    expect(second).toEqual({ ...Object(first), echo: 'two' });
  });

  it('starts no further worker for requests that come at once and are quick', async () => {
    create({ patienceMs: 60_000 });

    const replies = await Promise.all([1, 2, 3, 4].map((echo) => pool.run({ echo: String(echo) }, never)));

    const threads = replies.map((reply) => ({ ...Object(reply), echo: undefined }));
    expect(new Set(threads.map((reply) => JSON.stringify(reply))).size).toBe(1);
  });

  it('lets a request wait when all workers are busy', async () => {
    create();
    const gates = [gate('one'), gate('two')];

    const busy = gates.map(({ request }) => pool.run(request, never));
    const waiting = pool.run({ echo: 'three' }, never);
    gates[1]?.open();

    expect(await waiting).toMatchObject({ echo: 'three' });
    gates[0]?.open();
    expect(await Promise.all(busy)).toMatchObject([{ echo: 'one' }, { echo: 'two' }]);
  });

  it('replaces a worker whose caller has left, and takes it back when it answers', async () => {
    create({ maximumWorkers: 1 });
    const abort = new AbortController();
    const { request, open } = gate('stuck');

    const stuck = pool.run(request, abort.signal);
    abort.abort(new Error('left'));

    await expect(stuck).rejects.toThrow('left');
    expect(pool.stuckCount).toBe(1);
    expect(await pool.run({ echo: 'other' }, never)).toMatchObject({ echo: 'other' });
    open();
    await expect.poll(() => pool.stuckCount).toBe(0);
    expect(await pool.run({ echo: 'after' }, never)).toMatchObject({ echo: 'after' });
  });

  it('starts another worker when all are busy with calls that have become slow, up to a number', async () => {
    create({ maximumWorkers: 1, maximumStuck: 2, slowMs: 20 });
    const gates = [gate('one'), gate('two'), gate('three')];

    const slow = gates.slice(0, 2).map(({ request }) => pool.run(request, never));
    expect(await pool.run({ echo: 'quick' }, never)).toMatchObject({ echo: 'quick' });
    const last = gates.slice(2).map(({ request }) => pool.run(request, never));
    const waiting = pool.run({ echo: 'waiting' }, never);

    expect(await Promise.race([waiting, sleep(100, 'still waiting')])).toBe('still waiting');
    for (const { open } of gates) open();
    expect(await Promise.all([...slow, ...last])).toMatchObject(
      ['one', 'two', 'three'].map((echo) => ({ echo })),
    );
    expect(await waiting).toMatchObject({ echo: 'waiting' });
  });

  it('gives up a call that takes longer than it may, whoever waits for it, and takes its worker back', async () => {
    create({ maximumWorkers: 1, slowMs: 10 });
    const { request, open } = gate('stuck');

    const outcome = await toRejection(pool.run(request, never, 40));

    expect(isDriverError(outcome, 'POOL_UNAVAILABLE')).toBe(true);
    expect(outcome).toMatchObject({ message: expect.stringContaining('has not returned for 0.04 s') });
    expect(pool.stuckCount).toBe(1);
    expect(await pool.run({ echo: 'other' }, never)).toMatchObject({ echo: 'other' });
    open();
    await expect.poll(() => pool.stuckCount).toBe(0);
  });

  it('can name requests with large numbers that hang', async () => {
    create();
    const abort = new AbortController();
    const { request, open } = gate('stuck');
    const large = { ...request, inode: 2n ** 60n };

    await expect(runAndLeave(large, abort)).rejects.toThrow('left');
    await expect(async () => await pool.run(large, never)).rejects.toThrow(String(2n ** 60n));
    open();
    await expect.poll(() => pool.stuckCount).toBe(0);
  });

  it('never starts a request whose caller left while it waited', async () => {
    create({ maximumWorkers: 1 });
    const abort = new AbortController();
    const gates = [gate('one'), gate('two')];

    const outcomes = Promise.allSettled(gates.map(({ request }) => pool.run(request, abort.signal)));
    abort.abort(new Error('left'));

    expect((await outcomes).map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
    expect(pool.stuckCount).toBe(1);
    gates[0]?.open();
    await expect.poll(() => pool.stuckCount).toBe(0);
  });

  it.each([
    { what: 'the same request while it hangs', requests: ['a', 'a'], code: 'OPERATION_PENDING' },
    { what: 'any request while too many hang', requests: ['a', 'b', 'c'], code: 'POOL_UNAVAILABLE' },
  ] as const)('refuses $what', async ({ requests, code }) => {
    create();
    const gates = requests.map((echo) => gate(echo));

    const outcomes: PromiseSettledResult<unknown>[] = [];
    for (const { request } of gates) {
      const abort = new AbortController();
      const [outcome] = await Promise.allSettled([runAndLeave(request, abort)]);
      if (outcome !== undefined) outcomes.push(outcome);
    }

    const last = outcomes.at(-1);
    expect(last?.status === 'rejected' && isDriverError(last.reason, code)).toBe(true);
    for (const { open } of gates) open();
    await expect.poll(() => pool.stuckCount).toBe(0);
  });

  it('tells the caller when a worker dies, and goes on with another', async () => {
    create();

    await expect(pool.run({ crash: true }, never)).rejects.toThrow('ended with code 7');
    expect(await pool.run({ echo: 'next' }, never)).toMatchObject({ echo: 'next' });
  });

  it('ends workers that have nothing to do', async () => {
    create({ idleMs: 20 });
    const first = await pool.run({ echo: 'one' }, never);

    // Each look comes after the time in which the worker of the one before has ended.
    await expect
      .poll(() => pool.run({ echo: 'one' }, never), { interval: 200, timeout: 5000 })
      .not.toEqual(first);
  });

  it('takes nothing any more once it is closed, and does not wait for what hangs', async () => {
    create();
    const { request, open } = gate('stuck');
    const outcome = Promise.allSettled([pool.run(request, never)]);

    await pool.close();

    expect(await outcome).toMatchObject([
      { reason: { message: expect.stringContaining('have been closed') } },
    ]);
    expect(() => pool.run({ echo: 'one' }, never)).toThrow('have been closed');
    expect(pool.stuckCount).toBe(1);
    open();
    await expect.poll(() => pool.stuckCount).toBe(0);
  });

  async function toRejection(promise: Promise<unknown>): Promise<unknown> {
    return await promise.then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  async function runAndLeave(request: unknown, abort: AbortController): Promise<unknown> {
    const running = pool.run(request, abort.signal);
    abort.abort(new Error('left'));
    return await running;
  }
});
