import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DriverError } from '../../domain/errors.ts';
import { isErrno } from '../errno.ts';
import type { Syscalls } from '../syscalls/syscalls.ts';
import type { QuotaDeps } from './deps.ts';

/** Subvolumes below a directory, deepest first; none where the file system is not btrfs. */
export async function listNested(
  syscalls: Syscalls,
  path: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return await syscalls.listSubvolumes({ path }, signal);
  } catch (error) {
    if (isErrno(error, 'ENOTTY', 'EOPNOTSUPP')) return [];
    throw error;
  }
}

/** Throws PRECONDITION_FAILED (DriverError) when subvolumes are nested in a tree: a snapshot would have empty directories in their place. */
export async function assertNoneNested(syscalls: Syscalls, path: string, signal: AbortSignal): Promise<void> {
  const nested = await listNested(syscalls, path, signal);
  if (nested.length === 0) return;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `The tree ${path} has btrfs subvolumes of its own (${nested.slice(0, 3).join(', ')}), which a copy would leave out. Delete them, or replace each by a directory, and try again.`,
    { details: { nested: nested.length } },
  );
}

/**
 * Removes a tree that is not in use any more, which may be a subvolume, read-only too, and have others in it, whatever it was limited by: a pool
 * may have lost its quotas since. Missing is fine; idempotent.
 */
export async function removeWithSubvolumes(
  { syscalls, trees }: QuotaDeps,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const found = await findTree(syscalls, path, signal);
  if (found === 'missing') return;
  if (found === 'subvolume') await syscalls.setSubvolumeReadOnly({ path, readOnly: false }, signal);
  await deleteNested(syscalls, path, signal);
  if (found === 'subvolume') await deleteWithQgroup(syscalls, path, { parent: dirname(path) }, signal);
  else await trees.remove(path, signal);
}

async function findTree(
  syscalls: Syscalls,
  path: string,
  signal: AbortSignal,
): Promise<'missing' | 'subvolume' | 'directory'> {
  try {
    const found = await syscalls.findSubvolumeId({ path }, signal);
    return found === undefined ? 'directory' : 'subvolume';
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 'missing';
    throw error;
  }
}

/** Deletes the subvolumes nested in a tree that is not in use any more, and their quota groups. */
async function deleteNested(syscalls: Syscalls, path: string, signal: AbortSignal): Promise<void> {
  const nested = await listNested(syscalls, path, signal);
  // A read-only one lets nothing be deleted in it; the outermost come last in the list, and have to be opened up first.
  for (const relative of nested.toReversed()) {
    await syscalls.setSubvolumeReadOnly({ path: join(path, relative), readOnly: false }, signal);
  }
  for (const relative of nested) {
    const at = join(path, relative);
    await assertNoSymlink(path, relative);
    await deleteWithQgroup(syscalls, at, { parent: path }, signal);
  }
}

/** Deletes one subvolume, then its quota group, which most kernels leave behind. `parent` is on the same file system and stays. */
async function deleteWithQgroup(
  syscalls: Syscalls,
  path: string,
  { parent }: { readonly parent: string },
  signal: AbortSignal,
): Promise<void> {
  const found = await syscalls.findSubvolumeId({ path }, signal);
  await syscalls.deleteSubvolume({ path }, signal);
  if (found === undefined) return;
  try {
    await syscalls.removeQgroup({ path: parent, subvolumeId: found.subvolumeId }, signal);
  } catch (error) {
    // EBUSY: it is not empty before the kernel's cleaner has been there.
    if (!isErrno(error, 'EBUSY')) throw error;
  }
}

/** Names come from the file system's own tree and have no links in them, unless somebody put one there just now. */
async function assertNoSymlink(path: string, relative: string): Promise<void> {
  const [root, resolved] = await Promise.all([realpath(path), realpath(join(path, relative))]);
  if (resolved === join(root, relative)) return;
  throw new DriverError(
    'PRECONDITION_FAILED',
    `The tree ${path} changes while it is removed: ${relative} is reached by a symbolic link now. Nothing more was deleted in it.`,
  );
}
