import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { keepLog } from '../../test/support/log-lines.ts';
import { silentLogger } from '../observability/logger.ts';
import { type HeldPools, holdPools, settleAll } from './hold-pools.ts';
import { Readiness } from './readiness.ts';

/** A driver whose pools are open when a test says so. */
function createDriver(name: string, done: string[]) {
  const opened = Promise.withResolvers<void>();
  const driver: HeldPools = {
    pools: {
      async open() {
        await opened.promise;
        done.push(`${name} open`);
      },
      close: async () => void done.push(`${name} closed`),
    },
    csi: { node: { close: async () => void done.push(`${name} node closed`) } },
  };
  return { ...driver, opened };
}

function startScene() {
  const done: string[] = [];
  const clock = new FakeClock();
  const stop = new AbortController();
  const stack = new AsyncDisposableStack();
  const readiness = new Readiness(clock);
  const [one, two] = [createDriver('one', done), createDriver('two', done)];
  const opening = holdPools([one, two], { stack, stopping: stop.signal });
  return { done, clock, stop, stack, readiness, one, two, opening };
}

describe('the pools of several drivers', () => {
  it('make the program ready once all have been tried, also when one fails', async () => {
    const { one, two, readiness, opening } = startScene();
    opening.start(Promise.resolve(), readiness, silentLogger);

    two.opened.reject(new Error('no disk'));
    await turn();
    expect(readiness.isReady).toBe(false);

    one.opened.resolve();
    await turn();
    expect(readiness.isReady).toBe(true);
  });

  it('keep the program from being ready for ten seconds at the most when one of them hangs', async () => {
    const { one, readiness, clock, opening, done } = startScene();
    const { logger, lines } = keepLog();
    opening.start(Promise.resolve(), readiness, logger);
    one.opened.resolve();
    await clock.whenSleeping();

    clock.advance(9_999);
    await turn();
    expect(readiness.isReady).toBe(false);
    clock.advance(1);
    await turn();

    expect(readiness.isReady).toBe(true);
    expect(done).toEqual(['one open']);
    expect(lines).toMatchObject([{ level: 'info', message: 'ready' }]);
    expect(clock.sleeping).toBe(0);
  });

  it('are closed after what works with them, and none waits for one that hangs', async () => {
    const { one, two, stack, readiness, opening, done } = startScene();
    opening.start(Promise.resolve(), readiness, silentLogger);
    one.opened.resolve();
    await turn();

    const stopped = stack.disposeAsync();
    await turn();
    expect(done).toEqual(['one open', 'one node closed', 'two node closed', 'one closed']);

    two.opened.resolve();
    await stopped;
    expect(done.slice(4)).toEqual(['two open', 'two closed']);
  });

  it('are closed also when they were never opened', async () => {
    const { stack, done } = startScene();

    await stack.disposeAsync();

    expect(done.filter((word) => word.endsWith(' closed'))).toHaveLength(4);
  });
});

it('waits for all of several works, and throws what the first that failed threw', async () => {
  const late = Promise.withResolvers<void>();
  let isSettled = false;
  const settled = settleAll([Promise.reject(new Error('first')), late.promise]).finally(() => {
    isSettled = true;
  });
  settled.catch(() => undefined);
  await turn();
  expect(isSettled).toBe(false);

  late.reject(new Error('second'));
  await expect(settled).rejects.toThrow('first');
});
