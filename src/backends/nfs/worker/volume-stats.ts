import { join } from 'node:path';
import { parseObjectId } from '../../../domain/ids.ts';
import type { VolumeStats } from '../../../domain/volume.ts';
import { CONTENT_NAMES, createStorePaths, RECORD_FILES } from '../../../filestore/paths.ts';
import { readRecordFile } from '../../../filestore/record-file.ts';
import { VolumeRecord } from '../../../filestore/records.ts';
import type { Host } from '../../../host/host.ts';
import type { FileSystemUse } from '../../../host/syscalls/syscalls.ts';
import type { FoundTree } from './find-tree.ts';
import type { UsageScans } from './usage-scans.ts';

/** Whose use is asked for. */
export interface StatsOrder {
  readonly volumeId: string;
  /** Where it is mounted. */
  readonly path: string;
  /** The root of its pool, as it is mounted for data; undefined for what a PersistentVolume names. */
  readonly root: string | undefined;
}

/**
 * Use of a volume. Where a quota limits it the server says so to whoever asks for the file system's (statfs), as df shows; elsewhere statfs is about the whole export, so
 * the size is that of the record and what is used is counted, below the root of the pool. Throws when that is not mounted any more.
 */
export async function getVolumeStats(
  { host, scans }: { readonly host: Host; readonly scans: UsageScans },
  { volumeId, path, root }: StatsOrder,
  signal: AbortSignal,
): Promise<VolumeStats> {
  const use = await host.syscalls.statfs({ path }, signal);
  const found = root === undefined ? undefined : await findTree(root, volumeId);
  if (found === undefined || showsLimit(found.record)) return toStats(use);
  const { record } = found;
  // Not where it is mounted: a scan may have to wait for its turn, and an unmounted directory is an empty one.
  const { usedBytes, usedInodes } = await scans.get(volumeId, found.path, signal);
  const total = record.capacityBytes;
  const available = Math.max(0, Math.min(total - usedBytes, use.availableBytes));
  const bytes = { total, used: usedBytes, available };
  if (use.totalInodes === 0) return { bytes };
  return {
    bytes,
    inodes: { total: usedInodes + use.freeInodes, used: usedInodes, available: use.freeInodes },
  };
}

/** Of the quotas that there are, statfs tells of those of projects. */
function showsLimit({ kept }: VolumeRecord): boolean {
  return kept.layout === 'directory' && kept.quota === 'project' && kept.unlimited !== true;
}

async function findTree(root: string, volumeId: string): Promise<FoundTree | undefined> {
  const hash = parseObjectId(volumeId)?.hash;
  if (hash === undefined) return undefined;
  const directory = createStorePaths(root).objectDirectory('volume', hash);
  const path = join(directory, RECORD_FILES.volume);
  const record = await readRecordFile({ path, schema: VolumeRecord, subject: `volume ${volumeId}` });
  return record?.id === volumeId ? { record, path: join(directory, CONTENT_NAMES.directory) } : undefined;
}

function toStats(use: FileSystemUse): VolumeStats {
  const used = use.totalBytes - use.freeBytes;
  const bytes = { total: use.totalBytes, used, available: use.availableBytes };
  if (use.totalInodes === 0) return { bytes };
  const usedInodes = use.totalInodes - use.freeInodes;
  return { bytes, inodes: { total: use.totalInodes, used: usedInodes, available: use.freeInodes } };
}
