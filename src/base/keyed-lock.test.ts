import { describe, expect, it } from 'vitest';
import { KeyedLock, raceAbort } from './keyed-lock.ts';

const never = new AbortController().signal;

describe('KeyedLock', () => {
  it('gives a key to one owner at a time, in order of arrival', async () => {
    const locks = new KeyedLock();
    const order: number[] = [];
    const first = await locks.acquire('a', never);
    const waiters = [1, 2, 3].map(async (number) => {
      using _held = await locks.acquire('a', never);
      order.push(number);
    });

    expect(locks.tryAcquire('a')).toBeUndefined();
    first[Symbol.dispose]();
    await Promise.all(waiters);

    expect(order).toEqual([1, 2, 3]);
  });

  it('does not make one key wait for another', async () => {
    const locks = new KeyedLock();
    using _a = await locks.acquire('a', never);

    using b = await locks.acquire('b', never);

    expect(b).toBeDefined();
  });

  it('lets a waiter give up without losing the place of those behind it', async () => {
    const locks = new KeyedLock();
    const first = await locks.acquire('a', never);
    const impatient = new AbortController();
    const second = locks.acquire('a', impatient.signal);
    const third = locks.acquire('a', never);

    impatient.abort(new Error('gave up'));

    await expect(second).rejects.toThrow('gave up');
    first[Symbol.dispose]();
    (await third)[Symbol.dispose]();
    expect(locks.tryAcquire('a')).toBeDefined();
  });

  it('can be taken at once when it is free, and is free again after', () => {
    const locks = new KeyedLock();

    locks.tryAcquire('a')?.[Symbol.dispose]();

    expect(locks.tryAcquire('a')).toBeDefined();
  });
});

describe('raceAbort', () => {
  it('rejects with the reason of a signal that aborts first', async () => {
    const controller = new AbortController();
    const raced = raceAbort(new Promise(() => undefined), controller.signal);

    controller.abort(new Error('too late'));

    await expect(raced).rejects.toThrow('too late');
  });

  it('settles as the promise does when that comes first', async () => {
    await expect(raceAbort(Promise.resolve(7), never)).resolves.toBe(7);
    await expect(raceAbort(Promise.reject(new Error('own')), never)).rejects.toThrow('own');
  });

  it('takes care of the failure of a promise that it no longer waits for', async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      await expect(
        raceAbort(Promise.reject(new Error('nobody')), AbortSignal.abort(new Error('left'))),
      ).rejects.toThrow('left');
      await new Promise(setImmediate);
    } finally {
      process.off('unhandledRejection', note);
    }

    expect(unhandled).toEqual([]);
  });
});
