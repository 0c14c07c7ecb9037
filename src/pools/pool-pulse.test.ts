import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DriverError } from '../domain/errors.ts';
import { silentLogger } from '../observability/logger.ts';
import { PoolPulse } from './pool-pulse.ts';

const never = new AbortController().signal;

/** A pool that answers probes only when it is told to, and calls that end only when they are told to. */
function makePool(isAnswering: boolean) {
  const thawed = Promise.withResolvers<void>();
  const log: string[] = [];
  const logger = {
    ...silentLogger,
    error: (message: string) => void log.push(message),
    info: (message: string) => void log.push(message),
  };
  const pulse = new PoolPulse({
    poolName: 'fast',
    probe: async () => {
      if (!isAnswering) await thawed.promise;
    },
    logger,
    limits: { maximumAtOnce: 2, overdueMs: 20, unansweredMs: 20 },
  });
  return { pulse, log, thaw: () => thawed.resolve() };
}

/** A call that ends when it is told to. */
function makeCall() {
  const { promise, resolve } = Promise.withResolvers<string>();
  return { work: () => promise, end: () => resolve('done') };
}

describe('the pulse of a pool', () => {
  it('lets so many calls run at once, and the others wait in their order', async () => {
    const { pulse } = makePool(false);
    const calls = [makeCall(), makeCall(), makeCall()];
    const started: number[] = [];

    const results = calls.map(({ work }, index) =>
      pulse.run(async () => {
        started.push(index);
        return await work();
      }, never),
    );
    await sleep(0);
    expect(started).toEqual([0, 1]);
    for (const { end } of calls) end();

    expect(await Promise.all(results)).toEqual(['done', 'done', 'done']);
    expect(started).toEqual([0, 1, 2]);
  });

  it('lets a caller that leaves give up its turn', async () => {
    const { pulse } = makePool(false);
    const calls = [makeCall(), makeCall()];
    const results = calls.map(({ work }) => pulse.run(work, never));
    const abort = new AbortController();

    const waiting = pulse.run(() => Promise.reject(new Error('must not run')), abort.signal);
    abort.abort(new Error('left'));

    await expect(waiting).rejects.toThrow('left');
    for (const { end } of calls) end();
    await Promise.all(results);
    expect(await pulse.run(() => Promise.resolve('next'), never)).toBe('next');
  });

  it('does not let long work on a pool that answers keep others waiting', async () => {
    const { pulse } = makePool(true);
    const calls = [makeCall(), makeCall()];
    const long = calls.map(({ work }) => pulse.run(work, never));

    expect(await pulse.run(() => Promise.resolve('short'), never)).toBe('short');

    expect(pulse.findObstacle()).toBeUndefined();
    for (const { end } of calls) end();
    await Promise.all(long);
  });

  it('refuses calls at once, those under way and those that wait included, while the pool does not answer, and takes them again when it does', async () => {
    const { pulse, log, thaw } = makePool(false);
    const calls = [makeCall(), makeCall()];
    const hanging = calls.map(({ work }) => pulse.run(work, never));
    const refused = Promise.allSettled(hanging);
    const waiting = pulse.run(() => Promise.resolve('too early'), never);

    await expect(waiting).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringMatching(/^Pool fast does not answer/),
    });
    await expect(pulse.run(() => Promise.resolve('too early'), never)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
    });
    expect(pulse.findObstacle()).toMatch(/does not answer/);
    thaw();
    await expect.poll(() => pulse.findObstacle()).toBeUndefined();
    expect(await pulse.run(() => Promise.resolve('again'), never)).toBe('again');
    for (const { end } of calls) end();
    // Nobody waits for what began before; it may go on.
    for (const outcome of await refused) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'POOL_UNAVAILABLE' } });
    }
    expect(log).toEqual(['A pool does not answer', 'A pool answers again']);
  });

  it('takes any answer for an answer, also a failure', async () => {
    const pulse = new PoolPulse({
      poolName: 'fast',
      probe: () => Promise.reject(Object.assign(new Error('read-only'), { code: 'EROFS' })),
      logger: silentLogger,
      limits: { maximumAtOnce: 1, overdueMs: 5, unansweredMs: 5 },
    });
    const { work, end } = makeCall();
    const long = pulse.run(work, never);

    expect(await pulse.run(() => Promise.resolve('short'), never)).toBe('short');

    end();
    await long;
  });

  it('does not take it for an answer that nobody could ask', async () => {
    let asked = 0;
    const answer = Promise.withResolvers<void>();
    const pulse = new PoolPulse({
      poolName: 'fast',
      probe: async () => {
        asked += 1;
        if (asked === 1) throw new DriverError('POOL_UNAVAILABLE', 'The worker has ended.');
        await answer.promise;
      },
      logger: silentLogger,
      limits: { maximumAtOnce: 1, overdueMs: 5, unansweredMs: 5, askAgainMs: 1 },
    });
    const { work, end } = makeCall();
    const long = pulse.run(work, never);

    await expect(long).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
    expect(pulse.findObstacle()).toMatch(/does not answer/);

    answer.resolve();
    await expect.poll(() => pulse.findObstacle()).toBeUndefined();
    expect(asked).toBe(2);
    end();
  });
});
