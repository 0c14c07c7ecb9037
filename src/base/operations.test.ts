import { describe, expect, it } from 'vitest';
import { Operations } from './operations.ts';

const never = new AbortController().signal;
const conflict = (): Error => new Error('another operation is under way');

function call<T>(work: (signal: AbortSignal) => Promise<T>, fingerprint = 'same', deadlineMs = 60_000) {
  return { key: 'volume-1', fingerprint, deadlineMs, work, conflict };
}

describe('Operations', () => {
  it('lets an identical call join the one under way', async () => {
    const operations = new Operations();
    const { promise, resolve } = Promise.withResolvers<string>();
    let started = 0;
    const work = (): Promise<string> => {
      started += 1;
      return promise;
    };

    const both = [operations.run(call(work), never), operations.run(call(work), never)];
    resolve('done');

    await expect(Promise.all(both)).resolves.toEqual(['done', 'done']);
    expect(started).toBe(1);
    expect(operations.size).toBe(0);
  });

  it('refuses a different call for the same key while one is under way', async () => {
    const operations = new Operations();
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = operations.run(
      call(() => promise, 'one'),
      never,
    );

    await expect(
      operations.run(
        call(() => promise, 'other'),
        never,
      ),
    ).rejects.toThrow('another operation');

    resolve();
    await first;
  });

  it('goes on when the caller goes away, and a later call finds the result', async () => {
    const operations = new Operations();
    const { promise, resolve } = Promise.withResolvers<string>();
    const caller = new AbortController();
    const first = operations.run(
      call(() => promise),
      caller.signal,
    );

    caller.abort(new Error('client deadline'));
    await expect(first).rejects.toThrow('client deadline');
    const second = operations.run(
      call(() => promise),
      never,
    );
    resolve('made by the first');

    await expect(second).resolves.toBe('made by the first');
  });

  it('bounds the work by its own deadline', async () => {
    const operations = new Operations();
    const work = (signal: AbortSignal): Promise<never> =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });

    await expect(operations.run(call(work, 'same', 5), never)).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    expect(operations.size).toBe(0);
  });

  it('runs again after a failure', async () => {
    const operations = new Operations();

    await expect(
      operations.run(
        call(() => Promise.reject(new Error('first'))),
        never,
      ),
    ).rejects.toThrow('first');

    await expect(
      operations.run(
        call(() => Promise.resolve('second')),
        never,
      ),
    ).resolves.toBe('second');
  });

  it('runs again after work that threw at once, without a promise', async () => {
    const operations = new Operations();
    const work = (): Promise<never> => {
      throw new Error('at once');
    };

    await expect(operations.run(call(work), never)).rejects.toThrow('at once');

    expect(operations.size).toBe(0);
    await expect(
      operations.run(
        call(async () => 'second'),
        never,
      ),
    ).resolves.toBe('second');
  });

  it('aborts what is under way when it is stopped, and waits for it', async () => {
    const operations = new Operations();
    let ended = false;
    const work = (signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          ended = true;
          resolve();
        });
      });
    void operations.run(call(work), never);

    await operations.stop(new Error('shutting down'));

    expect(ended).toBe(true);
  });
});
