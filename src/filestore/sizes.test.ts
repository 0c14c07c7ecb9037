import { describe, expect, it } from 'vitest';
import { chooseCapacity, chooseExpandedCapacity } from './sizes.ts';

const MiB = 1024 ** 2;
const LIMITS = {
  subject: 'volume "v"',
  minimumBytes: 4096,
  minimumReason: 'xfs needs at least 4096',
  sourceBytes: 0,
};
const range = (requiredBytes?: number, limitBytes?: number) => ({ requiredBytes, limitBytes });

describe('the size of a new volume', () => {
  it.each([
    ['nothing asked', undefined, {}, 1024 * MiB],
    ['a required size', range(5 * MiB), {}, 5 * MiB],
    ['a required size of zero', range(0), {}, 1024 * MiB],
    ['a size between blocks', range(5 * MiB + 1), {}, 5 * MiB + 4096],
    ['a limit below the default', range(undefined, 5 * MiB), {}, 5 * MiB],
    ['a limit above the default', range(undefined, 5000 * MiB), {}, 1024 * MiB],
    ['a limit that is exact', range(5 * MiB, 5 * MiB), {}, 5 * MiB],
    ['a source and nothing asked', undefined, { sourceBytes: 7 * MiB }, 7 * MiB],
    ['a source that is smaller', range(8 * MiB), { sourceBytes: 7 * MiB }, 8 * MiB],
    ['a minimum above the default', undefined, { minimumBytes: 2048 * MiB }, 2048 * MiB],
  ])('with %s', (_, asked, limits, expected) => {
    expect(chooseCapacity(asked, { ...LIMITS, ...limits })).toBe(expected);
  });

  it.each([
    ['below the minimum', range(4 * MiB), { minimumBytes: 8 * MiB }, /at least 8388608/],
    ['below the source', range(4 * MiB), { sourceBytes: 8 * MiB }, /its source has 8388608/],
    [
      'with a limit below the source',
      range(undefined, 4 * MiB),
      { sourceBytes: 8 * MiB },
      /the limit is 4194304/,
    ],
    ['with no whole block below the limit', range(4097, 4098), {}, /the limit is 4098/],
  ])('is refused %s', (_, asked, limits, reason) => {
    expect(() => chooseCapacity(asked, { ...LIMITS, ...limits })).toThrow(
      expect.objectContaining({ code: 'SIZE_OUT_OF_RANGE', message: expect.stringMatching(reason) }),
    );
  });
});

describe('the size of an expanded volume', () => {
  it.each([
    ['more', range(9 * MiB), 9 * MiB],
    ['less', range(MiB), 8 * MiB],
    ['only a limit above', range(undefined, 9 * MiB), 8 * MiB],
    ['a size between blocks', range(8 * MiB + 1), 8 * MiB + 4096],
  ])('with %s', (_, asked, expected) => {
    expect(chooseExpandedCapacity(asked, 8 * MiB, 'volume v')).toBe(expected);
  });

  it('is refused when the limit is below what it has', () => {
    expect(() => chooseExpandedCapacity(range(undefined, MiB), 8 * MiB, 'volume v')).toThrow(
      expect.objectContaining({ code: 'SIZE_OUT_OF_RANGE' }),
    );
  });
});
