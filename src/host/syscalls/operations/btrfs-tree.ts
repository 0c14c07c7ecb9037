import type { IoctlRequest, Libc } from '../libc.ts';

const BTRFS_IOC_TREE_SEARCH_V2: IoctlRequest = { name: 'BTRFS_IOC_TREE_SEARCH_V2', number: 0xc070_9411 };
const BTRFS_IOC_INO_LOOKUP: IoctlRequest = { name: 'BTRFS_IOC_INO_LOOKUP', number: 0xd000_9412 };

/** struct btrfs_ioctl_search_args_v2: the key (104 bytes), the buffer's size, the buffer. */
const SEARCH_HEADER_BYTES = 112;
const SEARCH_BUFFER_BYTES = 64 * 1024;
/** struct btrfs_ioctl_search_header before each item: transid, objectid, offset, type, len. */
const ITEM_HEADER_BYTES = 32;
/** As an offset: no bound. */
export const LARGEST = 0xffff_ffff_ffff_ffffn;
const ITEMS_PER_SEARCH = 4096;
/** The inode number of every subvolume's root directory (BTRFS_FIRST_FREE_OBJECTID). */
export const SUBVOLUME_ROOT_INODE = 256n;

export interface BtrfsRange {
  readonly treeId: bigint;
  readonly objectId: bigint;
  readonly type: number;
  readonly firstOffset: bigint;
  readonly lastOffset: bigint;
}

export interface BtrfsItem {
  readonly offset: bigint;
  readonly data: Buffer;
}

/** The items of one object and type in a tree, in order of offset. Throws ENOENT when there is no such tree. */
export function searchTree(libc: Libc, fd: number, range: BtrfsRange): readonly BtrfsItem[] {
  const found: BtrfsItem[] = [];
  let first = range.firstOffset;
  for (;;) {
    const items = searchOnce(libc, fd, { ...range, firstOffset: first });
    const last = items.at(-1);
    if (last === undefined) return found;
    found.push(...items);
    if (last.offset >= range.lastOffset) return found;
    first = last.offset + 1n;
  }
}

function searchOnce(libc: Libc, fd: number, range: BtrfsRange): readonly BtrfsItem[] {
  const argument = Buffer.alloc(SEARCH_HEADER_BYTES + SEARCH_BUFFER_BYTES);
  const words = [
    range.treeId,
    range.objectId,
    range.objectId,
    range.firstOffset,
    range.lastOffset,
    0n,
    LARGEST,
  ];
  for (const [index, word] of words.entries()) argument.writeBigUInt64LE(word, index * 8);
  argument.writeUInt32LE(range.type, 56);
  argument.writeUInt32LE(range.type, 60);
  argument.writeUInt32LE(ITEMS_PER_SEARCH, 64);
  argument.writeBigUInt64LE(BigInt(SEARCH_BUFFER_BYTES), 104);
  libc.ioctl(fd, BTRFS_IOC_TREE_SEARCH_V2, argument);
  return parseItems(argument.subarray(SEARCH_HEADER_BYTES), argument.readUInt32LE(64));
}

function parseItems(buffer: Buffer, count: number): readonly BtrfsItem[] {
  const items: BtrfsItem[] = [];
  let position = 0;
  for (let index = 0; index < count; index += 1) {
    const start = position + ITEM_HEADER_BYTES;
    const end = start + buffer.readUInt32LE(position + 28);
    items.push({ offset: buffer.readBigUInt64LE(position + 16), data: buffer.subarray(start, end) });
    position = end;
  }
  return items;
}

/**
 * Where an inode is in its tree. With `treeId` 0 the tree of `fd` is meant, and its id is in the answer. `path` is
 * relative to the subvolume's root and ends in `/`, or is empty for the root itself.
 */
export function lookUpInode(
  libc: Libc,
  fd: number,
  inode: { readonly treeId: bigint; readonly objectId: bigint },
): { readonly treeId: bigint; readonly path: string } {
  const argument = Buffer.alloc(4096);
  argument.writeBigUInt64LE(inode.treeId, 0);
  argument.writeBigUInt64LE(inode.objectId, 8);
  libc.ioctl(fd, BTRFS_IOC_INO_LOOKUP, argument);
  const name = argument.subarray(16);
  return { treeId: argument.readBigUInt64LE(0), path: name.toString('utf8', 0, name.indexOf(0)) };
}
