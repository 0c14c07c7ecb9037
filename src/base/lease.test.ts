import { describe, expect, it } from 'vitest';
import { alwaysHeld } from './lease.ts';

describe('alwaysHeld', () => {
  it('does the work at once', async () => {
    let runs = 0;

    await alwaysHeld.holdWhile(async () => {
      runs += 1;
    }, new AbortController().signal);

    expect(runs).toBe(1);
  });

  it('begins nothing when it is told to stop before', async () => {
    const begun = alwaysHeld.holdWhile(() => Promise.reject(new Error('begun')), AbortSignal.abort());

    await expect(begun).resolves.toBeUndefined();
  });

  it('hands on what the work throws', async () => {
    const { signal } = new AbortController();

    await expect(alwaysHeld.holdWhile(() => Promise.reject(new Error('broken')), signal)).rejects.toThrow(
      'broken',
    );
  });
});
