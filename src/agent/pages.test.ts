import { describe, expect, it } from 'vitest';
import type { PageRequest } from '../domain/volume.ts';
import { collectPages } from './pages.ts';

/** Numbers from 0, in pages; the token is the last number. */
function createBook(count: number) {
  const asked: PageRequest[] = [];
  const ask = async (request: PageRequest) => {
    asked.push(request);
    const start = request.startingToken === undefined ? 0 : Number(request.startingToken) + 1;
    const end = Math.min(count, start + request.maxEntries);
    const entries = Array.from({ length: end - start }, (_, index) => start + index);
    return { entries, nextToken: end < count ? String(end - 1) : undefined };
  };
  return { asked, ask };
}

describe('collectPages', () => {
  it.each([
    { maxEntries: 0, count: 2_500, length: 2_500, token: undefined, calls: 3 },
    { maxEntries: 0, count: 1_000, length: 1_000, token: undefined, calls: 1 },
    { maxEntries: 0, count: 0, length: 0, token: undefined, calls: 1 },
    { maxEntries: 10, count: 2_500, length: 10, token: '9', calls: 1 },
    { maxEntries: 2_000, count: 2_500, length: 2_000, token: '1999', calls: 2 },
    { maxEntries: 2_500, count: 2_500, length: 2_500, token: undefined, calls: 3 },
    { maxEntries: 9_999, count: 2_500, length: 2_500, token: undefined, calls: 3 },
  ])(
    'asked for $maxEntries of $count gives $length in $calls calls',
    async ({ maxEntries, count, length, token, calls }) => {
      const { asked, ask } = createBook(count);

      const page = await collectPages({ maxEntries, startingToken: undefined }, ask);

      expect(page.entries).toEqual(Array.from({ length }, (_, index) => index));
      expect(page.nextToken).toBe(token);
      expect(asked).toHaveLength(calls);
    },
  );

  it('goes on after a token', async () => {
    const { ask } = createBook(1_500);

    const { entries } = await collectPages({ maxEntries: 0, startingToken: '9' }, ask);

    expect([entries[0], entries.length]).toEqual([10, 1_490]);
  });
});
