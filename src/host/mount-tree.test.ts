import { describe, expect, it } from 'vitest';
import { findHoldingMount, isBelow } from './mount-tree.ts';
import type { MountEntry } from './mountinfo.ts';

function mountEntry(mountId: number, parentId: number, mountPoint: string): MountEntry {
  const majorMinor = `0:${mountId}`;
  return {
    mountId,
    parentId,
    majorMinor,
    mountPoint,
    root: '/',
    options: [],
    fsType: 'tmpfs',
    source: 'none',
    superOptions: [],
  };
}

describe('findHoldingMount', () => {
  const plain = [mountEntry(1, 0, '/'), mountEntry(2, 1, '/data'), mountEntry(3, 2, '/data/pool')];

  it.each([
    { path: '/', expected: 1 },
    { path: '/database', expected: 1 },
    { path: '/data', expected: 2 },
    { path: '/data/pool/x/y', expected: 3 },
  ])('finds mount $expected for $path', ({ path, expected }) => {
    expect(findHoldingMount(plain, path)?.mountId).toBe(expected);
  });

  it('takes the topmost of mounts on one another, whatever their order', () => {
    const stacked = [mountEntry(9, 3, '/data/pool'), ...plain];

    expect(findHoldingMount(stacked, '/data/pool/x')?.mountId).toBe(9);
  });

  it('does not see a mount that one above hides', () => {
    const hidden = [mountEntry(1, 0, '/'), mountEntry(2, 1, '/a/b'), mountEntry(3, 1, '/a')];

    expect(findHoldingMount(hidden, '/a/b/c')?.mountId).toBe(3);
  });

  it('finds nothing where no mount is visible', () => {
    expect(findHoldingMount([mountEntry(2, 1, '/data')], '/elsewhere')).toBeUndefined();
  });
});

describe('isBelow', () => {
  it.each([
    { path: '/a', ancestor: '/a', expected: true },
    { path: '/a/b', ancestor: '/a', expected: true },
    { path: '/ab', ancestor: '/a', expected: false },
    { path: '/ab', ancestor: '/', expected: true },
    { path: '/', ancestor: '/a', expected: false },
  ])('$path below $ancestor: $expected', ({ path, ancestor, expected }) => {
    expect(isBelow(path, ancestor)).toBe(expected);
  });
});
