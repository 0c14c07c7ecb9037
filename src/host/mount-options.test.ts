import { describe, expect, it } from 'vitest';
import { parseBindOptions, parseMountOptions } from './mount-options.ts';

describe('parseMountOptions', () => {
  it.each([
    { words: [], flags: [], data: undefined },
    { words: ['defaults'], flags: [], data: undefined },
    { words: ['ro', 'noatime', 'nouuid'], flags: ['ro', 'noatime'], data: 'nouuid' },
    { words: ['ro', 'rw'], flags: [], data: undefined },
    { words: ['noatime', 'relatime'], flags: ['relatime'], data: undefined },
    { words: ['noatime,nodev', 'discard'], flags: ['noatime', 'nodev'], data: 'discard' },
    { words: ['_netdev', 'nofail', 'x-systemd.automount', 'user'], flags: [], data: undefined },
    { words: ['context="a:b:c0,c1",acl'], flags: [], data: 'context="a:b:c0,c1",acl' },
    { words: ['subvol=/v', 'compress=zstd'], flags: [], data: 'subvol=/v,compress=zstd' },
    { words: ['constructor'], flags: [], data: 'constructor' },
  ])('sorts $words into flags and data', ({ words, flags, data }) => {
    expect(parseMountOptions(words)).toEqual({ flags, data });
  });

  it.each([
    'remount',
    'bind',
    'rbind',
    'move',
    'rshared',
    'private',
    'loop',
    'loop=/dev/loop9',
    'offset=512',
  ])('refuses %s, which changes what is mounted', (word) => {
    expect(() => parseMountOptions(['ro', word])).toThrow(word);
  });
});

describe('parseBindOptions', () => {
  it('takes per-mount flags', () => {
    expect(parseBindOptions(['nosuid,nodev', 'noatime'])).toEqual(['nosuid', 'nodev', 'noatime']);
  });

  it('refuses what belongs to the superblock', () => {
    expect(() => parseBindOptions(['discard'])).toThrow('"discard" cannot be set on a bind mount');
  });
});
