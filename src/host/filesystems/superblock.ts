import type { FsType } from '../../domain/access.ts';

/** What a superblock says of its file system. */
export interface Superblock {
  readonly type: FsType;
  /** Where the file system ends on its device. */
  readonly sizeBytes: number;
  /** False while its mkfs has not come to its end: xfs and btrfs mark that; ext4 writes its superblock last. */
  readonly isComplete: boolean;
  readonly label: string;
}

/** How many bytes from the start of a device {@link parseSuperblock} looks at. */
export const SUPERBLOCK_AREA_BYTES = 128 * 1024;

const EXT_OFFSET = 1024;
const EXT_MAGIC = 0xef53;
/** journal_dev: an external journal, not a file system. */
const EXT_INCOMPAT_JOURNAL_DEVICE = 0x8;
/** extents, 64bit, mmp, flex_bg: what ext3 does not know. */
const EXT4_INCOMPAT = 0x40 | 0x80 | 0x100 | 0x200;
const EXT_INCOMPAT_64BIT = 0x80;
const BTRFS_OFFSET = 64 * 1024;

/**
 * Finds an ext4, xfs or btrfs superblock at its primary place. `start` is the device's first {@link SUPERBLOCK_AREA_BYTES},
 * or all of a smaller device. Layouts: ext4's on-disk documentation, xfs_db(8) `sb`, btrfs-progs' `dump-super`.
 */
export function parseSuperblock(start: Buffer): Superblock | undefined {
  return parseXfs(start) ?? parseExt4(start) ?? parseBtrfs(start);
}

/** Which of the ext family a device has: `ext2`, `ext3` and the external journal are not ours, but have to be named. */
export function findExtVariant(start: Buffer): 'ext2' | 'ext3' | 'ext4' | 'ext journal' | undefined {
  if (start.length < EXT_OFFSET + 1024) return undefined;
  const block = start.subarray(EXT_OFFSET);
  if (block.readUInt16LE(0x38) !== EXT_MAGIC) return undefined;
  const incompatible = block.readUInt32LE(0x60);
  if ((incompatible & EXT_INCOMPAT_JOURNAL_DEVICE) !== 0) return 'ext journal';
  if ((incompatible & EXT4_INCOMPAT) !== 0) return 'ext4';
  const hasJournal = (block.readUInt32LE(0x5c) & 0x4) !== 0;
  return hasJournal ? 'ext3' : 'ext2';
}

function parseExt4(start: Buffer): Superblock | undefined {
  if (findExtVariant(start) !== 'ext4') return undefined;
  const block = start.subarray(EXT_OFFSET);
  const logBlockSize = block.readUInt32LE(0x18);
  if (logBlockSize > 6) return undefined;
  const is64Bit = (block.readUInt32LE(0x60) & EXT_INCOMPAT_64BIT) !== 0;
  const blocks = block.readUInt32LE(0x4) + (is64Bit ? block.readUInt32LE(0x150) * 2 ** 32 : 0);
  if (blocks === 0) return undefined;
  return {
    type: 'ext4',
    sizeBytes: blocks * 1024 * 2 ** logBlockSize,
    isComplete: true,
    label: toText(block.subarray(0x78, 0x88)),
  };
}

function parseXfs(start: Buffer): Superblock | undefined {
  if (start.length < 512 || start.toString('latin1', 0, 4) !== 'XFSB') return undefined;
  const blockSize = start.readUInt32BE(4);
  if (blockSize < 512 || blockSize > 65_536) return undefined;
  const sizeBytes = Number(start.readBigUInt64BE(8)) * blockSize;
  if (sizeBytes === 0) return undefined;
  return {
    type: 'xfs',
    sizeBytes,
    isComplete: start.readUInt8(126) === 0,
    label: toText(start.subarray(108, 120)),
  };
}

function parseBtrfs(start: Buffer): Superblock | undefined {
  if (start.length < BTRFS_OFFSET + 4096) return undefined;
  const block = start.subarray(BTRFS_OFFSET);
  const magic = block.toString('latin1', 0x40, 0x48);
  // mkfs.btrfs writes the second magic while it works, and the first one when it is through.
  if (magic !== '_BHRfS_M' && magic !== '!BHRfS_M') return undefined;
  const sizeBytes = Number(block.readBigUInt64LE(0x70));
  if (sizeBytes === 0) return undefined;
  return {
    type: 'btrfs',
    sizeBytes,
    isComplete: magic === '_BHRfS_M',
    label: toText(block.subarray(0x12b, 0x22b)),
  };
}

function toText(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
}
