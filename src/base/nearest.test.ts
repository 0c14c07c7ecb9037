import { describe, expect, it } from 'vitest';
import { findNearest } from './nearest.ts';

const KNOWN = ['pool', 'layout', 'quota', 'isolation', 'uid', 'gid'];

describe('findNearest', () => {
  it.each([
    ['layuot', 'layout'],
    ['Quota', 'quota'],
    ['isolatoin', 'isolation'],
    ['pol', 'pool'],
    ['uuid', 'uid'],
  ])('takes %s for %s', (typed, meant) => {
    expect(findNearest(typed, KNOWN)).toBe(meant);
  });

  it.each(['', 'encryption', 'zzz', 'x'.repeat(10_000)])('suggests nothing for %.20s', (typed) => {
    expect(findNearest(typed, KNOWN)).toBeUndefined();
  });
});
