import type { SnapshotsFacet } from '../../backends/backend.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toWireSnapshot } from '../translate/snapshot.ts';

/** CSI GetSnapshot. */
export function getSnapshotMethod(snapshots: SnapshotsFacet): UnaryMethod<ControllerHandlers['GetSnapshot']> {
  return async ({ snapshotId }, { signal }) => {
    const snapshot = await snapshots.getSnapshot({ snapshotId }, signal);
    return { snapshot: toWireSnapshot(snapshot) };
  };
}
