import { describe, expect, it } from 'vitest';
import { isUsableFrom, type Topology } from './topology.ts';

const A: Topology = { node: 'a' };
const B: Topology = { node: 'b' };

describe('isUsableFrom', () => {
  it.each<[string, boolean, readonly Topology[], readonly Topology[]]>([
    ['no restriction', true, [A], []],
    ['usable from everywhere', true, [], [A]],
    ['the same place', true, [A], [A]],
    ['one place of several', true, [A], [B, A]],
    ['one alternative of several', true, [B, A], [A]],
    ['another place', false, [A], [B]],
    ['a place around it', true, [{ zone: 'z', node: 'a' }], [{ zone: 'z' }]],
    ['a place inside of it', false, [{ zone: 'z' }], [{ zone: 'z', node: 'a' }]],
    ['labels of two alternatives mixed', false, [A, { zone: 'z' }], [{ zone: 'z', node: 'a' }]],
    ['a label that nobody has', false, [A], [{ constructor: 'a' }]],
    ['a place without labels', true, [A], [{}]],
  ])('%s: %j', (_, usable, places, requisite) => {
    expect(isUsableFrom(places, requisite)).toBe(usable);
  });
});
