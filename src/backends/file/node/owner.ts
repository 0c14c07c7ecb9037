import type { Stats } from 'node:fs';
import { chmod, chown, lstat, readdir } from 'node:fs/promises';
import type { VolumeRecord } from '../../../filestore/records.ts';

/** What every mkfs gives the root of a new file system. */
const MADE_MODE = 0o755;
const DEFAULT_MODE = 0o750;

/**
 * Gives the root of a new file system the owner and permission bits that were asked for. One that is not as mkfs left it is somebody's and stays
 * as it is. The bits come last, so that a call that died in between is found unfinished by the next.
 */
export async function applyOwner(root: string, { owner }: Pick<VolumeRecord, 'owner'>): Promise<void> {
  const uid = owner.uid ?? 0;
  const gid = owner.gid ?? 0;
  const stats = await lstat(root);
  if (!isAsMade(stats, { uid, gid }) || !(await isEmpty(root))) return;
  await chown(root, uid, gid);
  await chmod(root, owner.mode ?? DEFAULT_MODE);
}

/** Gives a root what was asked for and leaves it the rest of what its source had. Idempotent. */
export async function replaceOwner(root: string, { owner }: Pick<VolumeRecord, 'owner'>): Promise<void> {
  await chown(root, owner.uid ?? -1, owner.gid ?? -1);
  if (owner.mode !== undefined) await chmod(root, owner.mode);
}

function isAsMade(stats: Stats, asked: { readonly uid: number; readonly gid: number }): boolean {
  const isRoots = stats.uid === 0 && stats.gid === 0;
  const isAsked = stats.uid === asked.uid && stats.gid === asked.gid;
  return (stats.mode & 0o7777) === MADE_MODE && (isRoots || isAsked);
}

async function isEmpty(root: string): Promise<boolean> {
  return (await readdir(root)).every((name) => name === 'lost+found');
}
