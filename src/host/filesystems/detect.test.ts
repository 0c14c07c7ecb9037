import { mkdtempDisposable, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listSignatureRanges } from '../signatures-areas.ts';
import { SIGNATURES, toPosition } from '../signatures.ts';
import { type Content, detectContent } from './detect.ts';

const MIB = 1024 * 1024;
/** Sparse: large enough for the mirror at 256 GiB. */
const SIZE_BYTES = 300 * 1024 * MIB;

interface Patch {
  readonly offset: number;
  readonly bytes: Buffer;
}

/** What is detected on a zeroed device with these bytes in it. */
async function detect(patches: readonly Patch[], sizeBytes = SIZE_BYTES): Promise<Content> {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-detect-'));
  const device = join(directory.path, 'device');
  await using file = await open(device, 'w+');
  await file.truncate(sizeBytes);
  for (const { offset, bytes } of patches) await file.write(bytes, 0, bytes.length, offset);
  return await detectContent({ device, sizeBytes });
}

/** A superblock of ext4 with 1,000 blocks of 4 KiB. */
function makeExt4(incompatible = 0x2c2): Patch {
  const bytes = Buffer.alloc(1024);
  bytes.writeUInt32LE(1000, 0x4);
  bytes.writeUInt32LE(2, 0x18);
  bytes.writeUInt16LE(0xef53, 0x38);
  bytes.writeUInt32LE(0x4, 0x5c);
  bytes.writeUInt32LE(incompatible, 0x60);
  bytes.write('name', 0x78);
  return { offset: 1024, bytes };
}

/** A superblock of xfs with 1,000 blocks of 4 KiB. */
function makeXfs(inProgress: 0 | 1): Patch {
  const bytes = Buffer.alloc(512);
  bytes.write('XFSB');
  bytes.writeUInt32BE(4096, 4);
  bytes.writeBigUInt64BE(1000n, 8);
  bytes.writeUInt8(inProgress, 126);
  return { offset: 0, bytes };
}

describe('what is on a device', () => {
  it('is nothing when all signature areas are zero', async () => {
    expect(await detect([])).toEqual({ kind: 'blank' });
  });

  it.each(SIGNATURES.map((one) => [one.name, one.offset, one] as const))(
    'is %s when its mark is at %i',
    async (name, _offset, signature) => {
      const content = await detect([{ offset: toPosition(signature, SIZE_BYTES), bytes: signature.magic }]);

      expect(content).toEqual({ kind: 'foreign', names: [name] });
    },
  );

  it.each([0, MIB - 1, 64 * MIB, 256 * 1024 * MIB, SIZE_BYTES - MIB, SIZE_BYTES - 1])(
    'is foreign and nameless when a byte at %i is not zero',
    async (offset) => {
      expect(await detect([{ offset, bytes: Buffer.from([1]) }])).toEqual({ kind: 'foreign', names: [] });
    },
  );

  it('is ext4 by its superblock', async () => {
    expect(await detect([makeExt4()])).toEqual({
      kind: 'filesystem',
      superblock: { type: 'ext4', sizeBytes: 4_096_000, isComplete: true, label: 'name' },
    });
  });

  it.each([
    ['an ext3 file system', 0x2],
    ['an ext journal file system', 0x8],
  ])('is %s, which is not ours', async (name, incompatible) => {
    expect(await detect([makeExt4(incompatible)])).toEqual({ kind: 'foreign', names: [name] });
  });

  it.each([
    [0, true],
    [1, false],
  ] as const)('is an xfs whose mark "in progress" is %i', async (inProgress, isComplete) => {
    expect(await detect([makeXfs(inProgress)])).toMatchObject({
      kind: 'filesystem',
      superblock: { type: 'xfs', sizeBytes: 4_096_000, isComplete },
    });
  });

  it('is a file system whatever its files hold at other places', async () => {
    const inFile = { offset: 256 * 1024 * MIB + 0x40, bytes: Buffer.from('_BHRfS_M') };

    expect(await detect([makeExt4(), inFile])).toMatchObject({
      kind: 'filesystem',
      superblock: { type: 'ext4' },
    });
  });

  it('is foreign when a mark is where no file can be', async () => {
    const lvm = { offset: 512, bytes: Buffer.from('LABELONE') };

    expect(await detect([makeExt4(), lvm])).toEqual({
      kind: 'foreign',
      names: ['an ext4 file system', 'an LVM physical volume'],
    });
  });

  it('is unknown when the device cannot be read', async () => {
    await expect(detectContent({ device: '/nonexistent', sizeBytes: MIB })).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
    });
  });

  it('is unknown when the device is shorter than it should be', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-detect-'));
    const device = join(directory.path, 'device');
    await using file = await open(device, 'w+');
    await file.truncate(MIB);

    await expect(detectContent({ device, sizeBytes: 4 * MIB })).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
    });
  });
});

describe('the signature areas', () => {
  it.each([MIB, 2 * MIB, 2 * MIB + 512, 64 * MIB, 65 * MIB, SIZE_BYTES])(
    'are in order, apart, and within a device of %i bytes, and cover both of its ends',
    (sizeBytes) => {
      const ranges = listSignatureRanges(sizeBytes);
      const ends = ranges.map(({ offset, length }) => offset + length);

      expect(ranges[0]?.offset).toBe(0);
      expect(ends.at(-1)).toBe(sizeBytes);
      expect(ranges.slice(1).every(({ offset }, index) => offset >= (ends[index] ?? Infinity))).toBe(true);
    },
  );
});
