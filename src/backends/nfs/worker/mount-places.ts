import { join } from 'node:path';
import { toNfsSource } from '../../../config/nfs-source.ts';
import { hashName } from '../../../base/ids.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import type { NfsVersion } from '../../../config/nfs-options.ts';
import type { ExportPool } from '../config.ts';

/** How an export is mounted for some purpose. */
export interface ExportMount {
  readonly versions: readonly NfsVersion[];
  /** Options of nfs(5) without version and addresses, in a fixed order. */
  readonly words: readonly string[];
}

/** What agents work on has to show at once what other clients have done (nfs(5)): with the defaults a deleted volume is seen for half a minute. */
export const MANAGEMENT_WORDS = ['nosharecache', 'lookupcache=none', 'actimeo=0'] as const;

/** The directory of all mounts of a pool. */
export function toPoolDirectory(mountDirectory: string, poolName: string): string {
  return join(mountDirectory, poolName);
}

/**
 * Where an export is mounted so. Another server, export, version or option is another place: volumes that are in use stay where they are, and those that are mounted
 * next come from the new one.
 */
export function toMountPlace(
  mountDirectory: string,
  { name, server, export: path }: Pick<ExportPool, 'name' | 'server' | 'export'>,
  { purpose, versions, words }: ExportMount & { readonly purpose: 'data' | 'manage' },
): string {
  const key = hashName(server, path, versions.join(','), ...words).slice(0, 12);
  return join(toPoolDirectory(mountDirectory, name), `${purpose}-${key}`);
}

/** Where a pool is mounted from the server and the export that the configuration has now, for whatever purpose. */
export function listCurrentPlaces(
  mountDirectory: string,
  pool: Pick<ExportPool, 'name' | 'server' | 'export'>,
  table: readonly MountEntry[],
): readonly string[] {
  const directory = `${toPoolDirectory(mountDirectory, pool.name)}/`;
  return table
    .filter(({ mountPoint, source }) => mountPoint.startsWith(directory) && source === toNfsSource(pool))
    .map(({ mountPoint }) => mountPoint);
}

/** Where data of a pool is mounted that no volume uses: nothing of that file system is mounted elsewhere than at places like these. */
export function listUnusedPlaces(
  mountDirectory: string,
  poolName: string,
  table: readonly MountEntry[],
): readonly string[] {
  return table
    .filter(({ mountPoint }) => isDataPlace(mountDirectory, poolName, mountPoint))
    .filter(({ majorMinor }) => !isUsed(mountDirectory, majorMinor, table))
    .map(({ mountPoint }) => mountPoint);
}

function isUsed(mountDirectory: string, majorMinor: string, table: readonly MountEntry[]): boolean {
  return table.some(
    (entry) => entry.majorMinor === majorMinor && !entry.mountPoint.startsWith(`${mountDirectory}/`),
  );
}

/** Whether a path is one that {@link toMountPlace} gives for data of this pool. */
export function isDataPlace(mountDirectory: string, poolName: string, path: string): boolean {
  return path.startsWith(join(toPoolDirectory(mountDirectory, poolName), 'data-'));
}
