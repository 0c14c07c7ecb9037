import { dirname } from 'node:path';
import { DriverError } from '../../domain/errors.ts';
import { isErrno } from '../errno.ts';
import type { NestedSubvolume, SubvolumeCall, Syscalls } from '../syscalls/syscalls.ts';
import type { QuotaDeps } from './deps.ts';

/** Subvolumes below a directory, deepest first; none where the file system is not btrfs. */
export async function listNested(
  syscalls: Syscalls,
  path: string,
  signal: AbortSignal,
): Promise<readonly NestedSubvolume[]> {
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
    `The tree ${path} has btrfs subvolumes of its own (${describeNested(nested)}), which a copy would leave out. Delete them, or replace each by a directory, and try again.`,
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
  if (found === 'directory') {
    await deleteNested(syscalls, path, signal);
    await trees.remove(path, signal);
    return;
  }
  const own = { path: dirname(path), subvolumeId: found.subvolumeId };
  await syscalls.openUpSubvolume(own, signal);
  await deleteNested(syscalls, path, signal);
  await deleteWithQgroup(syscalls, own, signal);
}

async function findTree(
  syscalls: Syscalls,
  path: string,
  signal: AbortSignal,
): Promise<'missing' | { readonly subvolumeId: number } | 'directory'> {
  try {
    return (await syscalls.findSubvolumeId({ path }, signal)) ?? 'directory';
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 'missing';
    throw error;
  }
}

/** The first few, for sentences. */
export function describeNested(nested: readonly NestedSubvolume[]): string {
  return nested
    .slice(0, 3)
    .map(({ path }) => path)
    .join(', ');
}

/** Deletes the subvolumes nested in a tree that is not in use any more, and their quota groups. */
async function deleteNested(syscalls: Syscalls, path: string, signal: AbortSignal): Promise<void> {
  const nested = await listNested(syscalls, path, signal);
  // A read-only one lets nothing be deleted in it; the outermost come last in the list, and have to be opened up first.
  for (const { subvolumeId } of nested.toReversed()) {
    await syscalls.openUpSubvolume({ path, subvolumeId }, signal);
  }
  for (const { subvolumeId } of nested) await deleteWithQgroup(syscalls, { path, subvolumeId }, signal);
}

/** Deletes one subvolume, then its quota group, which most kernels leave behind. `path` is on the same file system and stays. */
async function deleteWithQgroup(syscalls: Syscalls, call: SubvolumeCall, signal: AbortSignal): Promise<void> {
  await syscalls.deleteSubvolume(call, signal).catch((error: unknown) => {
    throw isErrno(error, 'EPERM') ? immutable(call, error) : error;
  });
  try {
    await syscalls.removeQgroup(call, signal);
  } catch (error) {
    // EBUSY: it is not empty before the kernel's cleaner has been there.
    if (!isErrno(error, 'EBUSY')) throw error;
  }
  // A large tree that goes makes the kernel lose count ("subtree level reached threshold").
  await syscalls.rescanLostQgroups({ path: call.path }, signal);
}

function immutable({ path, subvolumeId }: SubvolumeCall, cause: unknown): DriverError {
  return new DriverError(
    'PRECONDITION_FAILED',
    `The btrfs subvolume ${subvolumeId} in ${path} cannot be deleted: it, or the directory that it is in, may be immutable or append-only. Find them with "lsattr -R" and make them removable with "chattr -R -ia".`,
    { cause },
  );
}
