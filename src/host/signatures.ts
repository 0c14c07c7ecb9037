/** A mark by which something on a device can be told. Offsets are those of libblkid's probers and the formats' own papers. */
export interface Signature {
  /** What it is, in a sentence's words: `an LVM physical volume`. */
  readonly name: string;
  /** Bytes from the start of the device, or, when negative, from its end. */
  readonly offset: number;
  readonly magic: Buffer;
  /** The mark is found at the offset rounded down to this: md 0.90 sits on a boundary of 64 KiB. */
  readonly alignment?: number;
  /** Bytes behind that. */
  readonly behind?: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const SWAP_PAGES = [4, 8, 16, 64].map((kib) => kib * KIB);
const ZFS_UBERBLOCK = Buffer.from('0cb1ba0000000000', 'hex');
const MD = Buffer.from('fc4e2ba9', 'hex');

function text(name: string, offset: number, magic: string): Signature {
  return { name, offset, magic: Buffer.from(magic, 'latin1') };
}

function bytes(name: string, offset: number, hex: string): Signature {
  return { name, offset, magic: Buffer.from(hex, 'hex') };
}

/** Marks that say what a device is used for. The ext family is told by superblock.ts, which knows its members. */
export const SIGNATURES: readonly Signature[] = [
  text('an xfs file system', 0, 'XFSB'),
  text('a btrfs file system', 64 * KIB + 0x40, '_BHRfS_M'),
  text('a btrfs file system whose mkfs did not finish', 64 * KIB + 0x40, '!BHRfS_M'),
  text('a mirror of a btrfs superblock', 64 * MIB + 0x40, '_BHRfS_M'),
  text('a mirror of a btrfs superblock', 256 * GIB + 0x40, '_BHRfS_M'),
  ...SWAP_PAGES.map((page) => text('swap space', page - 10, 'SWAPSPACE2')),
  ...SWAP_PAGES.map((page) => text('swap space', page - 10, 'SWAP-SPACE')),
  text('an LVM physical volume', 0, 'LABELONE'),
  text('an LVM physical volume', 512, 'LABELONE'),
  text('an LVM physical volume', 1024, 'LABELONE'),
  text('an LVM physical volume', 1536, 'LABELONE'),
  bytes('a LUKS-encrypted volume', 0, '4c554b53babe'),
  bytes('the second header of a LUKS-encrypted volume', 16 * KIB, '534b554cbabe'),
  { name: 'a Linux RAID member', offset: -64 * KIB, magic: MD, alignment: 64 * KIB },
  { name: 'a Linux RAID member', offset: -8 * KIB, magic: MD, alignment: 4 * KIB },
  { name: 'a Linux RAID member', offset: 0, magic: MD },
  { name: 'a Linux RAID member', offset: 4 * KIB, magic: MD },
  text('a GUID partition table', 512, 'EFI PART'),
  text('a GUID partition table', 4 * KIB, 'EFI PART'),
  text('the second copy of a GUID partition table', -512, 'EFI PART'),
  text('the second copy of a GUID partition table', -4 * KIB, 'EFI PART'),
  text('an NTFS file system', 3, 'NTFS    '),
  text('an exFAT file system', 3, 'EXFAT   '),
  text('a FAT file system', 54, 'FAT1'),
  text('a FAT file system', 82, 'FAT32   '),
  text('an encrypted BitLocker volume', 3, '-FVE-FS-'),
  bytes('a bcache device', 4 * KIB + 0x18, 'c68573f64e1a45ca8265f57f48ba6d81'),
  bytes('a bcachefs file system', 4 * KIB + 0x18, 'c68573f66d1a45ca8265f57f48ba6d81'),
  bytes('an F2FS file system', KIB, '1020f5f2'),
  bytes('an EROFS file system', KIB, 'e2e1f5e0'),
  bytes('a NILFS file system', KIB + 6, '3434'),
  text('a squashfs file system', 0, 'hsqs'),
  text('an ISO 9660 file system', 32 * KIB + 1, 'CD001'),
  text('a UDF file system', 32 * KIB + 1, 'BEA01'),
  text('a ReiserFS file system', 64 * KIB + 0x34, 'ReIsEr'),
  text('a JFS file system', 32 * KIB, 'JFS1'),
  bytes('a GFS2 file system', 64 * KIB, '01161970'),
  text('an OCFS2 file system', 8 * KIB, 'OCFSV2'),
  text('a Ceph BlueStore device', 0, 'bluestore block device'),
  text('a VDO device', 0, 'dmvdo001'),
  ...[128, 129, 132, 136].map(
    (kib): Signature => ({ name: 'a ZFS member', offset: kib * KIB, magic: ZFS_UBERBLOCK }),
  ),
  { name: 'a ZFS member', offset: -512 * KIB, magic: ZFS_UBERBLOCK, alignment: 256 * KIB, behind: 128 * KIB },
  // Boot code of FAT and NTFS ends in the same two bytes, so this one says least and comes last.
  bytes('a boot sector or an MBR partition table', 510, '55aa'),
];

/** Where a signature's first byte is on a device of this size. */
export function toPosition(signature: Signature, deviceBytes: number): number {
  if (signature.offset >= 0) return signature.offset;
  const alignment = signature.alignment ?? 1;
  return Math.floor((deviceBytes + signature.offset) / alignment) * alignment + (signature.behind ?? 0);
}
