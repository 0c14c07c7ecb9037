import type { FsType } from '../../../domain/access.ts';

const MIB = 1024 * 1024;

/**
 * The least image that each file system can be made on. The controller has no file systems at hand to ask, so the facts of
 * host/filesystems stand here again; a test compares the two.
 */
export const MINIMUM_IMAGE_BYTES: Readonly<Record<FsType, number>> = {
  ext4: 16 * MIB,
  xfs: 301 * MIB,
  btrfs: 256 * MIB,
};
