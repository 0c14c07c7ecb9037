import type { Snapshot } from '../../domain/volume.ts';
import type { Snapshot as WireSnapshot } from '../../gen/csi/v1/Snapshot.ts';
import type { Timestamp } from '../../gen/google/protobuf/Timestamp.ts';
import { toWireBytes } from './capacity.ts';
import { toWireTopology } from './topology.ts';

/** A snapshot for the wire. */
export function toWireSnapshot(snapshot: Snapshot): WireSnapshot {
  return {
    snapshotId: snapshot.id,
    sourceVolumeId: snapshot.sourceVolumeId,
    sizeBytes: toWireBytes(snapshot.sizeBytes),
    creationTime: toTimestamp(snapshot.createdAt),
    readyToUse: snapshot.readyToUse,
    accessibleTopology: snapshot.accessibleTopology.map(toWireTopology),
  };
}

/** A moment for the wire: whole seconds since the epoch, rounded down, and nanoseconds, never negative. */
export function toTimestamp(date: Date): Timestamp {
  const seconds = Math.floor(date.getTime() / 1000);
  return { seconds: seconds.toString(), nanos: (date.getTime() - seconds * 1000) * 1_000_000 };
}
