import { describe, expect, it } from 'vitest';
import { mapParallel } from './parallel.ts';

describe('mapParallel', () => {
  it('keeps the order, and never has more under way than it may', async () => {
    let underWay = 0;
    let most = 0;
    const items = Array.from({ length: 20 }, (_, index) => index);

    const results = await mapParallel(items, 4, async (item) => {
      underWay += 1;
      most = Math.max(most, underWay);
      for (let turn = 0; turn <= item % 3; turn += 1) await Promise.resolve();
      underWay -= 1;
      return item * 2;
    });

    expect(results).toEqual(items.map((item) => item * 2));
    expect(most).toBe(4);
  });

  it('throws the first failure when what was begun has settled, and begins nothing more', async () => {
    const begun: number[] = [];
    const settled: number[] = [];

    const call = mapParallel([0, 1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      await Promise.resolve();
      if (item === 0) throw new Error('first');
      await Promise.resolve();
      settled.push(item);
    });

    await expect(call).rejects.toThrow('first');
    expect(settled).toEqual([1]);
    expect(begun).toEqual([0, 1]);
  });

  it('of nothing is nothing', async () => {
    expect(await mapParallel([], 4, async () => await Promise.resolve())).toEqual([]);
  });
});
