import { fstatSync } from 'node:fs';
import { isErrno, SystemCallError } from '../../errno.ts';
import type { IoctlRequest, Libc } from '../libc.ts';
import { withDirectory } from '../open-file.ts';
import type { SynchronousSyscalls } from '../protocol.ts';
import type { NestedSubvolume } from '../syscalls.ts';
import { LARGEST, lookUpInode, searchTree, SUBVOLUME_ROOT_INODE } from './btrfs-tree.ts';

const BTRFS_IOC_SNAP_DESTROY: IoctlRequest = { name: 'BTRFS_IOC_SNAP_DESTROY', number: 0x5000_940f };
const BTRFS_IOC_SUBVOL_SETFLAGS: IoctlRequest = { name: 'BTRFS_IOC_SUBVOL_SETFLAGS', number: 0x4008_941a };
const BTRFS_IOC_SUBVOL_GETFLAGS: IoctlRequest = { name: 'BTRFS_IOC_SUBVOL_GETFLAGS', number: 0x8008_9419 };

/** struct btrfs_ioctl_vol_args: s64 fd, then the name. */
const VOLUME_ARGUMENT_BYTES = 4096;
const ARGUMENT_NAME = 8;
const SUBVOLUME_READ_ONLY = 2n;

/** struct file_handle (u32 bytes, s32 type), then struct btrfs_fid as far as its generation: u64 inode, u64 tree, u32 generation. */
const HANDLE_BYTES = 28;
const FID_BYTES = 20;
const FILEID_BTRFS_WITHOUT_PARENT = 0x4d;

const ROOT_TREE = 1n;
const INODE_ITEM_KEY = 1;
const INODE_REF_KEY = 12;
/** Of a subvolume by its parent's id, and of its parent by its own. */
const ROOT_REF_KEY = 156;
const ROOT_BACKREF_KEY = 144;
/** struct btrfs_root_ref: u64 dirid, u64 sequence, u16 name_len, then the name. */
const ROOT_REF_NAME = 18;
const ENOENT = 2;

type NestedOperations = Pick<SynchronousSyscalls, 'listSubvolumes' | 'openUpSubvolume' | 'deleteSubvolume'>;

/** Subvolumes by their ids: names need not be text, and paths may be longer than any call takes. */
export function createNestedSubvolumeOperations(libc: Libc): NestedOperations {
  return {
    listSubvolumes: (call) => withDirectory(call.path, (fd) => listSubvolumes(libc, fd)),
    openUpSubvolume: (call) => withDirectory(call.path, (fd) => openUp(libc, fd, BigInt(call.subvolumeId))),
    deleteSubvolume: (call) => withDirectory(call.path, (fd) => destroy(libc, fd, BigInt(call.subvolumeId))),
  };
}

/** Where the search stands: a directory of a tree, and how people call it. */
interface Place {
  readonly treeId: bigint;
  readonly inode: bigint;
  readonly path: string;
}

function listSubvolumes(libc: Libc, fd: number): readonly NestedSubvolume[] {
  const { ino: inode } = fstatSync(fd, { bigint: true });
  // The id of the tree is found from its root, whose path is short in any case.
  const { treeId } = lookUpInode(libc, fd, { treeId: 0n, objectId: SUBVOLUME_ROOT_INODE });
  return collectChildren(libc, fd, { treeId, inode, path: '' });
}

/** All subvolumes below a directory: those in a subvolume before itself. */
function collectChildren(libc: Libc, fd: number, place: Place): readonly NestedSubvolume[] {
  const references = searchTree(libc, fd, {
    treeId: ROOT_TREE,
    objectId: place.treeId,
    type: ROOT_REF_KEY,
    firstOffset: 0n,
    lastOffset: LARGEST,
  });
  return references.flatMap((reference) => {
    const directory = { treeId: place.treeId, inode: reference.data.readBigUInt64LE(0) };
    if (!isBelow(libc, fd, directory, place.inode)) return [];
    const name = getName(reference.data).toString();
    const path = `${place.path}${describeDirectory(libc, fd, directory, place.inode)}${name}`;
    const child = { treeId: reference.offset, inode: SUBVOLUME_ROOT_INODE, path: `${path}/` };
    return [...collectChildren(libc, fd, child), { subvolumeId: Number(reference.offset), path }];
  });
}

/** Whether a directory is another one or in it, both of one tree: found by going up, since its path may be too long to be asked for. */
function isBelow(libc: Libc, fd: number, directory: Omit<Place, 'path'>, ancestor: bigint): boolean {
  let { inode } = directory;
  while (inode !== ancestor) {
    if (inode === SUBVOLUME_ROOT_INODE) return false;
    const range = { treeId: directory.treeId, objectId: inode, type: INODE_REF_KEY };
    const parent = searchTree(libc, fd, { ...range, firstOffset: 0n, lastOffset: LARGEST })[0]?.offset;
    // Removed just now.
    if (parent === undefined) return false;
    inode = parent;
  }
  return true;
}

function describeDirectory(libc: Libc, fd: number, directory: Omit<Place, 'path'>, from: bigint): string {
  const { treeId } = directory;
  try {
    const { path } = lookUpInode(libc, fd, { treeId, objectId: directory.inode });
    return path.slice(lookUpInode(libc, fd, { treeId, objectId: from }).path.length);
  } catch (error) {
    if (isErrno(error, 'ENAMETOOLONG', 'ENOENT')) return '…/';
    throw error;
  }
}

function getName(reference: Buffer): Buffer {
  return reference.subarray(ROOT_REF_NAME, ROOT_REF_NAME + reference.readUInt16LE(16));
}

function openUp(libc: Libc, fd: number, treeId: bigint): void {
  withInode(libc, fd, { treeId, inode: SUBVOLUME_ROOT_INODE }, (root) => {
    const flags = Buffer.alloc(8);
    libc.ioctl(root, BTRFS_IOC_SUBVOL_GETFLAGS, flags);
    const before = flags.readBigUInt64LE();
    if ((before & SUBVOLUME_READ_ONLY) === 0n) return;
    flags.writeBigUInt64LE(before & ~SUBVOLUME_READ_ONLY);
    libc.ioctl(root, BTRFS_IOC_SUBVOL_SETFLAGS, flags);
  });
}

/** In its directory, by its name there: the kernel's own deletion by id asks for a path, which may be too long. */
function destroy(libc: Libc, fd: number, treeId: bigint): void {
  const range = { treeId: ROOT_TREE, objectId: treeId, type: ROOT_BACKREF_KEY };
  const parent = searchTree(libc, fd, { ...range, firstOffset: 0n, lastOffset: LARGEST })[0];
  if (parent === undefined) throw missing(`There is no btrfs subvolume ${treeId}.`);
  const argument = Buffer.alloc(VOLUME_ARGUMENT_BYTES);
  getName(parent.data).copy(argument, ARGUMENT_NAME);
  const directory = { treeId: parent.offset, inode: parent.data.readBigUInt64LE(0) };
  withInode(libc, fd, directory, (at) => void libc.ioctl(at, BTRFS_IOC_SNAP_DESTROY, argument));
}

/** Opens a directory by its number. */
function withInode(
  libc: Libc,
  fd: number,
  { treeId, inode }: Omit<Place, 'path'>,
  work: (opened: number) => void,
): void {
  const handle = Buffer.alloc(HANDLE_BYTES);
  handle.writeUInt32LE(FID_BYTES, 0);
  handle.writeInt32LE(FILEID_BTRFS_WITHOUT_PARENT, 4);
  handle.writeBigUInt64LE(inode, 8);
  handle.writeBigUInt64LE(treeId, 16);
  handle.writeUInt32LE(getGeneration(libc, fd, { treeId, inode }), 24);
  const opened = libc.openByHandle(fd, handle);
  try {
    work(opened);
  } finally {
    libc.close(opened);
  }
}

/** The kernel refuses handles with another generation than the inode's. */
function getGeneration(libc: Libc, fd: number, { treeId, inode }: Omit<Place, 'path'>): number {
  const range = { treeId, objectId: inode, type: INODE_ITEM_KEY, firstOffset: 0n, lastOffset: 0n };
  const item = searchTree(libc, fd, range)[0];
  if (item !== undefined) return item.data.readUInt32LE(0);
  throw missing(`There is no inode ${inode} in the btrfs subvolume ${treeId}.`);
}

function missing(message: string): SystemCallError {
  return new SystemCallError({
    code: 'ENOENT',
    errno: ENOENT,
    syscall: 'ioctl(BTRFS_IOC_TREE_SEARCH_V2)',
    message,
  });
}
