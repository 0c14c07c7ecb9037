import { expect, test } from 'vitest';
import type { PoolInstance } from '../pools/registry.ts';
import { createKnownPools } from './known-pools.ts';

const ONE: PoolInstance = {
  driver: 'd1',
  poolName: 'fast',
  nodeName: 'a',
  poolId: 'aaaaaaaa',
  onNodeLoss: { action: 'keep' },
  firstSeen: new Date(0),
  lastSeen: new Date(0),
  condition: 'open',
  room: undefined,
  release: undefined,
};
const TWO: PoolInstance = { ...ONE, driver: 'd2', poolId: 'bbbbbbbb' };

test('of each driver counts what it has read itself, and the list is another one only when one has read again', () => {
  // The second has not heard yet of what the first knows, and the other way round.
  let first: readonly PoolInstance[] = [ONE];
  const second: readonly PoolInstance[] = [TWO];
  const listKnown = createKnownPools(() => [
    { driver: 'd1', listInstances: () => first },
    { driver: 'd2', listInstances: () => second },
  ]);

  const known = listKnown();
  expect(known.map(({ driver, poolId }) => [driver, poolId])).toEqual([
    ['d1', 'aaaaaaaa'],
    ['d2', 'bbbbbbbb'],
  ]);
  expect(listKnown()).toBe(known);

  first = [{ ...ONE, release: { at: new Date(5), by: 'operator', isReturning: false } }, TWO];
  expect(listKnown()).toMatchObject([
    { poolId: 'aaaaaaaa', releasedAt: new Date(5) },
    { poolId: 'bbbbbbbb', releasedAt: undefined },
  ]);
});
