import { expect, it } from 'vitest';
import { withFsid } from './btrfs-identity.ts';
import { crc32c } from './crc32c.ts';

it('crc32c is that of Castagnoli', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});

it('a new fsid keeps the first one as the metadata uuid, however often it is renewed', () => {
  const block = Buffer.alloc(4096);
  block.fill(0xaa, 0x20, 0x30);

  const once = withFsid(block, Buffer.alloc(16, 1));
  const twice = withFsid(once, Buffer.alloc(16, 2));

  expect(twice.subarray(0x20, 0x30)).toEqual(Buffer.alloc(16, 2));
  expect(twice.subarray(0x23b, 0x24b)).toEqual(Buffer.alloc(16, 0xaa));
  expect(twice.readUInt32LE(0)).toBe(crc32c(twice.subarray(32)));
});
