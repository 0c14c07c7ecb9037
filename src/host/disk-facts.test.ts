import { describe, expect, it } from 'vitest';
import { findExt4Errors, getSectorSize, toMajorMinor } from './disk-facts.ts';
import type { Mounts } from './host.ts';

const signal = AbortSignal.timeout(10_000);

describe('facts about disks', () => {
  it.each([
    [0x0701, '7:1'],
    [0xfd00, '253:0'],
    // A minor beyond 8 bits: 259:300.
    [(300 & 0xff) | (259 << 8) | ((300 & ~0xff) << 12), '259:300'],
  ])('device number %i is %s', (rdev, text) => {
    expect(toMajorMinor(rdev)).toBe(text);
  });

  it('take 512 bytes for a sector where no single disk is below', async () => {
    const mounts: Pick<Mounts, 'getHolding'> = {
      getHolding: async () => ({
        mountId: 1,
        parentId: 0,
        majorMinor: '0:42',
        root: '/',
        mountPoint: '/',
        options: [],
        fsType: 'tmpfs',
        source: 'none',
        superOptions: [],
      }),
    };

    expect(await getSectorSize(mounts, '/', signal)).toBe(512);
  });

  it.each(['/dev/no-such-device', '/dev/../etc/passwd', 'loop0'])('know of no ext4 on %s', async (device) => {
    expect(await findExt4Errors(device)).toBeUndefined();
  });
});
