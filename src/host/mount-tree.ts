import type { MountEntry } from './mountinfo.ts';

/** Whether `path` is `ancestor` or lies below it. Both absolute and normalised. */
export function isBelow(path: string, ancestor: string): boolean {
  return path === ancestor || ancestor === '/' || path.startsWith(`${ancestor}/`);
}

/**
 * The mount that a walk along `path` ends in. Goes down from mount to child as the kernel does: the order of lines and the
 * length of mount points alone don't tell, since a mount may lie on top of another, or hide one that lies deeper.
 */
export function findHoldingMount(entries: readonly MountEntry[], path: string): MountEntry | undefined {
  const ids = new Set(entries.map((entry) => entry.mountId));
  const onPath = entries.filter((entry) => isBelow(path, entry.mountPoint));
  let current = nearest(
    onPath.filter((entry) => !ids.has(entry.parentId) || entry.parentId === entry.mountId),
  );
  const seen = new Set<number>();
  while (current !== undefined && !seen.has(current.mountId)) {
    const { mountId } = current;
    seen.add(mountId);
    const child = nearest(onPath.filter((entry) => entry.parentId === mountId && entry.mountId !== mountId));
    if (child === undefined) return current;
    current = child;
  }
  return current;
}

/** Of mounts with one parent, the one that a walk meets first. */
function nearest(entries: readonly MountEntry[]): MountEntry | undefined {
  return entries.toSorted((one, other) => one.mountPoint.length - other.mountPoint.length)[0];
}
