import type { Topology } from '../../../domain/topology.ts';
import type { Snapshot, Volume } from '../../../domain/volume.ts';
import type { SnapshotRecord, VolumeRecord } from '../../../filestore/records.ts';
import type { StoreEntry } from '../../../filestore/store-directory.ts';

/** Where the volumes of a pool, and those made from its snapshots, can be used; empty means everywhere. What host-path and NFS differ in. */
export type TopologyOf = (entry: StoreEntry) => readonly Topology[];

/** How volumes of a backend show. */
export interface VolumeView {
  readonly topologyOf: TopologyOf;
  /** What else nodes are told of a volume. Default: nothing. */
  readonly contextOf?: ((record: VolumeRecord) => Readonly<Record<string, string>>) | undefined;
}

/** The volume of a record as callers see it. Its context is small and not secret: it is for nodes, and for people who read a PersistentVolume. */
export function toVolume(
  record: VolumeRecord,
  entry: StoreEntry,
  { topologyOf, contextOf }: VolumeView,
): Volume {
  return {
    id: record.id,
    capacityBytes: record.capacityBytes,
    context: { pool: entry.poolName, layout: record.kept.layout, ...contextOf?.(record) },
    source: record.source,
    accessibleTopology: topologyOf(entry),
  };
}

/** The snapshot of a record as callers see it. A record exists once its snapshot is cut and whole, so it is always ready. */
export function toSnapshot(record: SnapshotRecord, entry: StoreEntry, topologyOf: TopologyOf): Snapshot {
  return {
    id: record.id,
    sourceVolumeId: record.sourceVolumeId,
    sizeBytes: record.sizeBytes,
    createdAt: new Date(record.createdAt),
    readyToUse: true,
    accessibleTopology: topologyOf(entry),
  };
}
