import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodeIntent, getIntentRange, parseIntent, TAIL_BYTES } from './formatter-intent.ts';

const INTENT = { volumeId: 'volume-1', fsType: 'ext4', deviceBytes: 2 ** 30, nonce: 'n' } as const;

describe('the header of an unfinished mkfs', () => {
  it('is read back as it was written', () => {
    expect(parseIntent(encodeIntent(INTENT))).toEqual({ kind: 'intent', intent: INTENT });
  });

  it('fits into one sector', () => {
    const header = encodeIntent({ ...INTENT, volumeId: 'v'.repeat(300) });

    expect(header.subarray(512).every((byte) => byte === 0)).toBe(true);
  });

  it('refuses a volume id that does not fit', () => {
    expect(() => encodeIntent({ ...INTENT, volumeId: 'v'.repeat(500) })).toThrow(RangeError);
  });

  it('is told from what is not one', () => {
    expect(parseIntent(Buffer.alloc(4096))).toEqual({ kind: 'none' });
    expect(parseIntent(Buffer.alloc(4096, 0xff))).toEqual({ kind: 'none' });
  });

  it.each([16, 48, 60])('is damaged when byte %i was changed', (position) => {
    const header = encodeIntent(INTENT);
    header.writeUInt8(header.readUInt8(position) ^ 1, position);

    expect(parseIntent(header)).toEqual({ kind: 'damaged' });
  });

  it.each(['not JSON', '"a text"', '{"volumeId": 1}'])(
    'is damaged when it holds %s under the right checksum',
    (text) => {
      const header = encodeIntent(INTENT);
      const payload = Buffer.from(text);
      createHash('sha256').update(payload).digest().copy(header, 16);
      header.writeUInt16LE(payload.length, 48);
      payload.copy(header, 50);

      expect(parseIntent(header)).toEqual({ kind: 'damaged' });
    },
  );

  it('is damaged when it says that it is longer than it is', () => {
    const header = encodeIntent(INTENT);
    header.writeUInt16LE(0xffff, 48);

    expect(parseIntent(header)).toEqual({ kind: 'damaged' });
  });

  it.each([2 ** 30, 2 ** 30 + 512, 2 ** 30 + 4095, 2 ** 42])(
    'begins at a whole block, in front of the last 128 KiB, of %i bytes',
    (deviceBytes) => {
      const { offset, length } = getIntentRange(deviceBytes);

      expect(offset % 4096).toBe(0);
      expect(offset + length).toBeLessThanOrEqual(deviceBytes - 128 * 1024);
      expect(deviceBytes - offset).toBeLessThan(TAIL_BYTES + 4096);
    },
  );
});
