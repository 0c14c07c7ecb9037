import type { SnapshotsFacet } from '../../backends/backend.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toWireSnapshot } from '../translate/snapshot.ts';

/** CSI CreateSnapshot. Callers repeat it to learn whether the snapshot is ready. */
export function createSnapshotMethod(
  snapshots: SnapshotsFacet,
): UnaryMethod<ControllerHandlers['CreateSnapshot']> {
  return async ({ name, sourceVolumeId, parameters }, { signal }) => {
    const snapshot = await snapshots.createSnapshot({ name, sourceVolumeId, parameters }, signal);
    return { snapshot: toWireSnapshot(snapshot) };
  };
}
