import { relative } from 'node:path';
import { findHoldingMount } from '../../../host/mount-tree.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';

/** A directory or file by what mountinfo says of every mount of it, wherever that is. */
export interface MountIdentity {
  readonly majorMinor: string;
  /** Its path inside its file system. */
  readonly root: string;
}

/** The topmost mount at exactly this canonical path. */
export function findMountAt(table: readonly MountEntry[], path: string): MountEntry | undefined {
  const holding = findHoldingMount(table, path);
  return holding?.mountPoint === path ? holding : undefined;
}

/** How mounts of a canonical path look in this table; undefined when no mount holds it. */
export function findIdentity(table: readonly MountEntry[], path: string): MountIdentity | undefined {
  const holding = findHoldingMount(table, path);
  if (holding === undefined) return undefined;
  const inside = relative(holding.mountPoint, path);
  return { majorMinor: holding.majorMinor, root: joinRoot(holding.root, inside) };
}

/** Whether a mount shows exactly this directory or file. */
export function isMountOf(entry: MountEntry, identity: MountIdentity): boolean {
  return entry.majorMinor === identity.majorMinor && entry.root === identity.root;
}

function joinRoot(root: string, inside: string): string {
  if (inside === '') return root;
  return root === '/' ? `/${inside}` : `${root}/${inside}`;
}
