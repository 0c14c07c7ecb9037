import { parseObjectId } from '../../../domain/ids.ts';
import { toNfsSource } from '../../../config/nfs-source.ts';
import { findHoldingMount } from '../../../host/mount-tree.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import { isDataPlace } from '../worker/mount-places.ts';
import type { NfsNodeContext } from './context.ts';
import type { NfsPoolWork } from './workers.ts';

/** What mountinfo adds to the path of a directory that is gone. */
const DELETED = '//deleted';

/**
 * Whether a mount is one of this volume, told by mountinfo alone: its server may not answer, and its pool may not be configured any more. What a
 * PersistentVolume names has no path that says so: there, everything counts that comes from where volumes of this driver come from.
 */
export function isMountOfVolume(
  context: Pick<NfsNodeContext, 'workers' | 'mountDirectory'>,
  volumeId: string,
  { entry, table }: { readonly entry: MountEntry; readonly table: readonly MountEntry[] },
): boolean {
  const parsed = parseObjectId(volumeId);
  if (parsed === undefined) return isNfs(entry) || findWorkOf(context, entry, table) !== undefined;
  return toTreePath(entry).endsWith(`/volumes/${parsed.hash}/data`);
}

/** What of its file system a mount shows. NFS says it in the source, with the server before, and calls every root "/" (nfs_show_devname in the kernel). */
export function toTreePath(entry: MountEntry): string {
  const path = isNfs(entry) ? entry.source : entry.root;
  return path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
}

function isNfs({ fsType }: MountEntry): boolean {
  return fsType === 'nfs' || fsType === 'nfs4';
}

/** A pool, and where its root is mounted; undefined where none of its own mounts is left. */
export interface FoundWork {
  readonly work: NfsPoolWork;
  readonly root: string | undefined;
  /** Whether it comes from the server and export that are configured now. */
  readonly isCurrent: boolean;
}

/**
 * The pool that a mount comes from; undefined when it is none of the configured ones. Exports of one file system look like one to the kernel, so of several the one that
 * reaches deepest is meant. Of an export that was mounted anew meanwhile only the source still says it.
 */
export function findWorkOf(
  { workers, mountDirectory }: Pick<NfsNodeContext, 'workers' | 'mountDirectory'>,
  mounted: MountEntry,
  table: readonly MountEntry[],
): FoundWork | undefined {
  const shown = toTreePath(mounted);
  const holding = table.filter(
    (entry) => entry.majorMinor === mounted.majorMinor && isIn(shown, toTreePath(entry)),
  );
  const found = workers.list().flatMap((work) => {
    const { pool } = work;
    if (pool.type === 'shared') {
      const isIts = findHoldingMount(table, pool.path)?.majorMinor === mounted.majorMinor;
      return isIts ? [{ work, root: pool.path, isCurrent: true, depth: 0 }] : [];
    }
    const source = toNfsSource(pool);
    const isCurrent = isIn(shown, source);
    const places = holding
      .filter(({ mountPoint }) => isDataPlace(mountDirectory, pool.name, mountPoint))
      .map((entry) => ({ work, root: entry.mountPoint, isCurrent, depth: toTreePath(entry).length }));
    return isCurrent ? [...places, { work, root: undefined, isCurrent, depth: source.length - 1 }] : places;
  });
  return found.toSorted((one, other) => other.depth - one.depth)[0];
}

function isIn(path: string, above: string): boolean {
  return path === above || path.startsWith(above.endsWith('/') ? above : `${above}/`);
}
