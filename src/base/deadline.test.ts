import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isTimeout, startDeadline } from './deadline.ts';

describe('startDeadline', () => {
  it('aborts with the reason of its parent', () => {
    const parent = new AbortController();
    using deadline = startDeadline(parent.signal, 60_000);
    const reason = new Error('the caller left');

    parent.abort(reason);

    expect(deadline.signal.reason).toBe(reason);
  });

  it('is aborted at once when its parent is', () => {
    const reason = new Error('the caller has left');
    using deadline = startDeadline(AbortSignal.abort(reason), 60_000);

    expect(deadline.signal.reason).toBe(reason);
  });

  it('aborts with a timeout when its time is over', async () => {
    using deadline = startDeadline(new AbortController().signal, 1);
    const aborted = Promise.withResolvers<void>();
    deadline.signal.addEventListener('abort', () => aborted.resolve());
    // The timer of a deadline keeps nothing alive: this one does.
    const guard = setTimeout(() => aborted.reject(new Error('it never came')), 5_000);
    await aborted.promise;
    clearTimeout(guard);

    expect(isTimeout(deadline.signal.reason)).toBe(true);
  });

  it('leaves nothing with its parent once it is disposed', () => {
    const parent = new AbortController();
    for (let count = 0; count < 100; count += 1) {
      using _deadline = startDeadline(parent.signal, 60_000);
    }

    expect(getEventListeners(parent.signal, 'abort')).toHaveLength(0);
  });
});
