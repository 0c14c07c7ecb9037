import { describe, expect, test } from 'vitest';
import {
  asksReadOnly,
  findFlagDifference,
  findUnbindableFlag,
  toBindFlags,
  toMountFlags,
} from './mount-flags.ts';

describe('mount options', () => {
  test('of one mount go to a bind mount, each once', () => {
    expect(toBindFlags(['noexec,nodev', 'noexec', 'rw', 'discard'])).toEqual(['nodev', 'noexec']);
  });

  test('of a file system go to its mount, but for what says nothing', () => {
    expect(toMountFlags(['defaults', 'ro', 'discard', 'noatime', 'discard'])).toEqual(['discard', 'noatime']);
  });

  test.each([
    [['noatime', 'ro', 'defaults'], undefined],
    [['noatime,discard'], 'discard'],
    [['context="a,b"'], 'context="a,b"'],
  ])('%j: what a bind mount cannot have is %j', (flags, expected) => {
    expect(findUnbindableFlag(flags)).toBe(expected);
  });

  test.each([
    [['ro'], true],
    [['ro', 'rw'], false],
    [['rw,ro'], true],
    [['noatime'], false],
  ])('%j asks for read-only: %j', (flags, expected) => {
    expect(asksReadOnly(flags)).toBe(expected);
  });

  test.each([
    [['rw', 'relatime'], [], undefined],
    [['rw', 'noexec'], ['noexec', 'discard'], undefined],
    [['rw', 'noexec'], [], 'noexec'],
    [['rw', 'relatime'], ['noatime'], 'noatime'],
  ])('a mount with %j differs from %j in %j', (mounted, asked, expected) => {
    expect(findFlagDifference(mounted, asked)).toBe(expected);
  });
});
