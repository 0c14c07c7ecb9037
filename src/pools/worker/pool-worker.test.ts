import { describe, expect, it } from 'vitest';
import { type FakeWorkerProcess, startFakeWorkerProcess } from '../../../test/support/fake-worker-process.ts';
import { keepLog } from '../../../test/support/log-lines.ts';
import type { Verb } from '../../rpc/message-peer.ts';
import { MAX_ABANDONED, PoolWorker, type PoolWorkerLimits, type WorkerVerbs } from './pool-worker.ts';

const never = new AbortController().signal;
const GONE = { code: 'POOL_UNAVAILABLE' };

type Work = WorkerVerbs<string> & {
  readonly whoAreYou: Verb<undefined, number>;
  /** Ends when the test says so. */
  readonly work: Verb<undefined, string>;
};

interface Scene {
  readonly worker: PoolWorker<string, Work>;
  readonly processes: readonly FakeWorkerProcess[];
  /** What workers were asked, in order: `1 configure shared`. */
  readonly asked: readonly string[];
  readonly log: () => readonly string[];
  /** Services whose worker has ended. */
  readonly closed: readonly number[];
  /** Whether workers say that they are idle. */
  readonly setIdle: (isIdle: boolean) => void;
  /** Workers do not say it until the result is called. */
  readonly holdIdle: () => () => void;
  /** Resolves when a worker works. */
  readonly working: Promise<void>;
  readonly finish: () => void;
  /** Resolves when the worker is asked this for the first time. */
  readonly whenAsked: (what: string) => Promise<void>;
}

/** `deaf` verbs are never answered. */
function createScene(
  limits: Partial<PoolWorkerLimits> = {},
  { deaf = [] as string[], start = (): void => undefined } = {},
): Scene {
  const processes: FakeWorkerProcess[] = [];
  const asked: string[] = [];
  const closed: number[] = [];
  const log = keepLog();
  const working = Promise.withResolvers<void>();
  const done = Promise.withResolvers<string>();
  const waiters = new Map<string, () => void>();
  let isIdle = true;
  let mayTell = Promise.resolve();
  const note = async (pid: number, what: string): Promise<void> => {
    asked.push(`${pid} ${what}`);
    waiters.get(what)?.();
    if (deaf.some((verb) => what.startsWith(verb))) await new Promise(() => undefined);
  };
  const toVerbs = (pid: number): Work => ({
    configure: async (setup) => await note(pid, `configure ${setup}`),
    isIdle: async () => {
      const told = isIdle;
      await note(pid, 'isIdle');
      await mayTell;
      return told;
    },
    close: async () => await note(pid, 'close'),
    whoAreYou: async () => await Promise.resolve(pid),
    work: async () => {
      working.resolve();
      return await done.promise;
    },
  });
  const worker = new PoolWorker<string, Work>({
    poolName: 'shared',
    setup: 'shared',
    start: () => {
      start();
      const pid = processes.length + 1;
      const process = startFakeWorkerProcess(pid, toVerbs(pid));
      processes.push(process);
      return process;
    },
    serve: () => {
      const pid = processes.length;
      return { verbs: {}, close: async () => void (await Promise.resolve(closed.push(pid))) };
    },
    logger: log.logger,
    limits,
  });
  return {
    worker,
    processes,
    asked,
    closed,
    log: log.say,
    setIdle: (value) => void (isIdle = value),
    holdIdle: () => {
      const held = Promise.withResolvers<void>();
      mayTell = held.promise;
      return held.resolve;
    },
    working: working.promise,
    finish: () => done.resolve('done'),
    whenAsked: async (what) => await new Promise((resolve) => waiters.set(what, resolve)),
  };
}

describe('the worker of a pool', () => {
  it('is started when it is called, once for all calls, and is told first what it is for', async () => {
    const { worker, processes, asked } = createScene();
    expect(worker.isRunning).toBe(false);

    const pids = await Promise.all([1, 2, 3].map(() => worker.call('whoAreYou', undefined, never)));

    expect(pids).toEqual([1, 1, 1]);
    expect(processes).toHaveLength(1);
    expect(asked).toEqual(['1 configure shared']);
    expect(worker.isRunning).toBe(true);
  });

  it('is ended in order when nobody has called it for a while, and the next call has another one', async () => {
    const { worker, processes, asked } = createScene({ idleMs: 1 });
    await worker.call('whoAreYou', undefined, never);

    await processes[0]?.ended;

    expect(asked).toEqual(['1 configure shared', '1 isIdle', '1 close']);
    expect(await worker.call('whoAreYou', undefined, never)).toBe(2);
  });

  it('stays while a call is under way, and while it says that it is busy', async () => {
    const { worker, asked, setIdle, working, finish, whenAsked, processes } = createScene({ idleMs: 1 });
    setIdle(false);
    const call = worker.call('work', undefined, never);
    await working;
    expect(asked).toEqual(['1 configure shared']);
    finish();
    await call;

    await whenAsked('isIdle');
    setIdle(true);
    await processes[0]?.ended;

    expect(asked.slice(-2)).toEqual(['1 isIdle', '1 close']);
  });

  it('stays when a call came and went while it was asked whether it is idle', async () => {
    const { worker, whenAsked, asked, setIdle, holdIdle } = createScene({ idleMs: 1 });
    const tell = holdIdle();
    const isAsked = whenAsked('isIdle');
    await worker.call('whoAreYou', undefined, never);
    await isAsked;

    await worker.call('whoAreYou', undefined, never);
    setIdle(false);
    const isAskedAgain = whenAsked('isIdle');
    tell();
    await isAskedAgain;

    expect(asked).not.toContain('1 close');
    await worker.close();
  });

  it('is killed when somebody says so: calls under way fail with the reason, and the next one has another', async () => {
    const { worker, working, processes, log, closed } = createScene();
    const call = worker.call('work', undefined, never);
    await working;

    worker.kill('Its server is silent.');

    await expect(call).rejects.toMatchObject({ ...GONE, message: 'Its server is silent.' });
    expect(worker.isRunning).toBe(false);
    expect(await worker.call('whoAreYou', undefined, never)).toBe(2);
    expect(processes[0]?.kills).toBe(1);
    expect(closed).toEqual([1]);
    expect(log()).toEqual(['warn The worker of a pool is killed']);
  });

  it('can be killed before it knows what it is for, and twice', async () => {
    const { worker } = createScene({}, { deaf: ['configure'] });
    const call = worker.call('whoAreYou', undefined, never);
    const outcome = call.catch((error: unknown) => error);
    await new Promise(setImmediate);

    worker.kill('Enough.');
    worker.kill('Enough again.');

    expect(await outcome).toMatchObject({ ...GONE, message: 'Enough.' });
  });

  it('that dies by itself fails its calls, and the next one has another', async () => {
    const { worker, working, processes, log, closed } = createScene();
    const call = worker.call('work', undefined, never);
    await working;

    processes[0]?.die();

    await expect(call).rejects.toMatchObject({ ...GONE, message: expect.stringContaining('has ended') });
    expect(await worker.call('whoAreYou', undefined, never)).toBe(2);
    expect(closed).toEqual([1]);
    expect(log()).toEqual(['warn The worker of a pool has ended by itself']);
  });

  it('that does not take in what it is for is killed, and its callers are told', async () => {
    const deaf = ['configure'];
    const { worker, processes } = createScene({ startsWithinMs: 1 }, { deaf });

    await expect(worker.call('whoAreYou', undefined, never)).rejects.toMatchObject({
      ...GONE,
      message: expect.stringMatching(/^The process that works on pool shared could not be started/),
    });

    await processes[0]?.ended;
    deaf.pop();
    expect(await worker.call('whoAreYou', undefined, never)).toBe(2);
  });

  it('that starts slowly holds nobody who leaves', async () => {
    const { worker } = createScene({}, { deaf: ['configure'] });
    const leaving = new AbortController();
    const call = worker.call('whoAreYou', undefined, leaving.signal);

    leaving.abort(new Error('enough'));

    await expect(call).rejects.toThrow('enough');
    await worker.close();
  });

  it('that the machine cannot start is said to be so', async () => {
    const { worker } = createScene(
      {},
      {
        start: () => {
          throw new Error('spawn EAGAIN');
        },
      },
    );

    await expect(worker.call('whoAreYou', undefined, never)).rejects.toMatchObject({
      ...GONE,
      message: expect.stringContaining('spawn EAGAIN'),
    });
    await worker.close();
  });

  it(`that cannot be killed is counted until the kernel lets go of it, and with ${MAX_ABANDONED} of them no other is started`, async () => {
    const { worker, processes, log } = createScene();
    for (let count = 1; count <= MAX_ABANDONED; count += 1) {
      expect(await worker.call('whoAreYou', undefined, never)).toBe(count);
      processes[count - 1]?.hang();
      worker.kill('Its server is silent.');
    }

    await expect(worker.call('whoAreYou', undefined, never)).rejects.toMatchObject({
      ...GONE,
      message: expect.stringMatching(/^3 processes that worked on pool shared hang in the kernel/),
    });
    expect(worker.abandoned).toBe(MAX_ABANDONED);
    expect(log()).toContainEqual(expect.stringMatching(/^error The worker of a pool cannot be killed/));

    processes[1]?.die();
    await expect.poll(() => worker.abandoned).toBe(MAX_ABANDONED - 1);
    expect(await worker.call('whoAreYou', undefined, never)).toBe(MAX_ABANDONED + 1);
  });

  it('is not started while the one before is being ended', async () => {
    const { worker, asked, whenAsked, processes } = createScene(
      { idleMs: 1, closesWithinMs: 50 },
      {
        deaf: ['close'],
      },
    );
    const isClosing = whenAsked('close');
    await worker.call('whoAreYou', undefined, never);
    await isClosing;

    const call = worker.call('whoAreYou', undefined, never);

    expect(await call).toBe(2);
    expect(processes[0]?.kills).toBe(1);
    expect(asked.indexOf('2 configure shared')).toBeGreaterThan(asked.indexOf('1 close'));
  });

  it('is closed in order, for good, and calls that come later are refused', async () => {
    const { worker, asked, processes } = createScene();
    await worker.call('whoAreYou', undefined, never);

    await worker.close();
    await worker.close();

    expect(asked).toEqual(['1 configure shared', '1 close']);
    expect(processes[0]?.kills).toBe(1);
    await expect(worker.call('whoAreYou', undefined, never)).rejects.toMatchObject(GONE);
    expect(processes).toHaveLength(1);
  });

  it.each([
    ['does not answer', ['close']],
    ['is still being started', ['configure', 'close']],
  ])('is closed by force when it %s', async (_, deaf) => {
    const { worker, processes } = createScene({ closesWithinMs: 1 }, { deaf });
    const call = worker.call('work', undefined, never).catch((error: unknown) => error);
    await new Promise(setImmediate);

    await worker.close();

    expect(processes[0]?.kills).toBe(1);
    expect(await call).toMatchObject({ ...GONE, message: 'The program is stopping.' });
  });

  it('that was never needed is closed without being started', async () => {
    const { worker, processes } = createScene();

    await worker.close();

    expect(processes).toEqual([]);
  });
});
