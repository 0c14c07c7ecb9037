import { randomUUID } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { DriverError } from '../../domain/errors.ts';
import { crc32c } from './crc32c.ts';

const SUPERBLOCK_BYTES = 4096;
const CHECKSUM_BYTES = 32;
/** Where the copies are, the primary last: a mount reads that one only, so until it is written nothing has changed. */
const OFFSETS = [256 * 2 ** 30, 64 * 2 ** 20, 64 * 2 ** 10] as const;
const PRIMARY = 64 * 2 ** 10;
const MAGIC = '_BHRfS_M';
const METADATA_UUID = 1n << 10n;
const CRC32C = 0;
/** Byte offsets within the superblock (fs/btrfs/accessors.h, struct btrfs_super_block). */
const FIELD = {
  fsid: 0x20,
  magic: 0x40,
  incompatible: 0xbc,
  checksumType: 0xc4,
  metadataUuid: 0x23b,
} as const;

/**
 * Gives an unmounted btrfs a random fsid, as `btrfstune -m` does: its trees keep the old one, which the superblock then names as
 * `metadata_uuid`. Only superblocks are written. btrfstune starts a transaction as well, and that leaves a file system that
 * was cloned in use, with a log of fsyncs in it, unmountable (measured with btrfs-progs 6.2). May be killed and run again.
 * Throws PRECONDITION_FAILED (DriverError) for what is not such a file system.
 */
export async function renewBtrfsIdentity(device: string, signal: AbortSignal): Promise<void> {
  await using file = await open(device, 'r+');
  const primary = await readSuperblock(file, PRIMARY);
  if (primary === undefined) {
    throw new DriverError(
      'PRECONDITION_FAILED',
      `The device ${device} has no sound btrfs superblock with a crc32c checksum, so its clone cannot be given an identity of its own.`,
    );
  }
  const fsid = Buffer.from(randomUUID().replaceAll('-', ''), 'hex');
  for (const offset of OFFSETS) {
    signal.throwIfAborted();
    const block = await readSuperblock(file, offset);
    // A copy may be missing on a small device, or damaged, which is not for us to hide.
    if (block === undefined) continue;
    await file.write(withFsid(block, fsid), 0, SUPERBLOCK_BYTES, offset);
    await file.sync();
  }
}

/** The superblock with this fsid and a fresh checksum. Pure. */
export function withFsid(block: Buffer, fsid: Buffer): Buffer {
  const changed = Buffer.from(block);
  const flags = changed.readBigUInt64LE(FIELD.incompatible);
  if ((flags & METADATA_UUID) === 0n) changed.copy(changed, FIELD.metadataUuid, FIELD.fsid, FIELD.fsid + 16);
  changed.writeBigUInt64LE(flags | METADATA_UUID, FIELD.incompatible);
  fsid.copy(changed, FIELD.fsid);
  changed.writeUInt32LE(crc32c(changed.subarray(CHECKSUM_BYTES)), 0);
  return changed;
}

async function readSuperblock(file: FileHandle, offset: number): Promise<Buffer | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(SUPERBLOCK_BYTES), 0, SUPERBLOCK_BYTES, offset);
  const isSound =
    bytesRead === SUPERBLOCK_BYTES &&
    buffer.toString('latin1', FIELD.magic, FIELD.magic + MAGIC.length) === MAGIC &&
    buffer.readUInt16LE(FIELD.checksumType) === CRC32C &&
    buffer.readUInt32LE(0) === crc32c(buffer.subarray(CHECKSUM_BYTES));
  return isSound ? buffer : undefined;
}
