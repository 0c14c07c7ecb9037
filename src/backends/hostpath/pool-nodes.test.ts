import { describe, expect, it } from 'vitest';
import { isPoolOf, listPoolsOf, mayMeet } from './pool-nodes.ts';

describe('the nodes of a pool', () => {
  it.each([
    [undefined, 'any', true],
    [['worker-1'], 'worker-1', true],
    [['worker-1'], 'worker-10', false],
    [['a', 'ssd-*'], 'ssd-7', true],
    [['ssd-*'], 'my-ssd-7', false],
    [['n?de'], 'node', true],
    [['a.b'], 'axb', false],
  ])('%j have it: %s %s', (nodes, name, isIt) => {
    expect(isPoolOf({ nodes }, name)).toBe(isIt);
  });

  it('leave each node what is its own', () => {
    const [all, some] = [{ nodes: undefined }, { nodes: ['b'] }];

    expect(listPoolsOf([all, some], 'a')).toEqual([all]);
    expect(listPoolsOf([all, some], 'b')).toEqual([all, some]);
  });
});

describe('two pools meet', () => {
  it.each([
    [undefined, ['a'], true],
    [['a', 'b'], ['b', 'c'], true],
    [['a'], ['b'], false],
    [['node-*'], ['node-3'], true],
    [['node-3'], ['node-*'], true],
    [['ssd-*'], ['hdd-*'], false],
  ])('on nodes %j and %j: %s', (one, other, isSo) => {
    expect(mayMeet({ nodes: one }, { nodes: other })).toBe(isSo);
  });
});
