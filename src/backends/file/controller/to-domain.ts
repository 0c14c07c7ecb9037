import type { Topology } from '../../../domain/topology.ts';
import type { Snapshot, Volume } from '../../../domain/volume.ts';
import type { SnapshotRecord, VolumeRecord } from '../../../filestore/records.ts';
import type { StoreEntry } from '../../../filestore/store-directory.ts';

/** Where the volumes of a pool, and those made from its snapshots, can be used; empty means everywhere. What host-path and NFS differ in. */
export type TopologyOf = (entry: StoreEntry) => readonly Topology[];

/** The volume of a record as callers see it. Its context is small and not secret: it is for people who read a PersistentVolume. */
export function toVolume(record: VolumeRecord, entry: StoreEntry, topologyOf: TopologyOf): Volume {
  return {
    id: record.id,
    capacityBytes: record.capacityBytes,
    context: { pool: entry.poolName, layout: record.kept.layout },
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
