import { describe, expect, it } from 'vitest';
import { isDriverError } from '../../domain/errors.ts';
import { parseMountFlags } from './mount-flags.ts';

function refusal(flags: readonly string[]): string {
  try {
    parseMountFlags(flags, 'mount_flags');
  } catch (error) {
    if (isDriverError(error, 'INVALID_ARGUMENT')) return error.message;
    throw error;
  }
  return '';
}

describe('parseMountFlags', () => {
  it.each([
    [[], []],
    [
      ['noatime', 'nodev'],
      ['noatime', 'nodev'],
    ],
    [['noatime,nodev'], ['noatime', 'nodev']],
    [
      ['commit=30', 'data=ordered', 'logbsize=256k'],
      ['commit=30', 'data=ordered', 'logbsize=256k'],
    ],
    [['errors=remount-ro'], ['errors=remount-ro']],
  ])('takes %j as words', (flags, words) => {
    expect(parseMountFlags(flags, 'mount_flags')).toEqual(words);
  });

  it.each([
    'bind',
    'BIND',
    'rbind',
    'remount',
    'move',
    'rec',
    'loop=/etc/shadow',
    'loop',
    'subvol=other',
    'subvolid=5',
    'upperdir=x',
    'lowerdir=x',
    'device=/dev/sda',
    'logdev=sda1',
    'context=system_u',
    'rshared',
    'X-mount.mkdir',
    'x-systemd.automount',
    'helper=nfs',
    '_netdev',
    'nofail',
    'errors=panic',
    'fatal_errors=panic',
    'usrjquota=aquota.user',
    'noatime,bind',
    'something=/a/path',
    'with space',
    '',
    'a\0b',
    '../x',
    'ü',
    '=x',
  ])('refuses %j and says why', (flag) => {
    expect(refusal(['noatime', flag])).toMatch(/refuses: .{10,}\. Take it out of mountOptions\.$/);
  });

  it('refuses more than CSI allows, without showing it', () => {
    expect(refusal(['x'.repeat(3000), 'y'.repeat(3000)])).toBe(
      'mount_flags has 6000 bytes; CSI allows 4096 for all flags together.',
    );
  });
});
