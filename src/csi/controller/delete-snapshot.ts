import type { SnapshotsFacet } from '../../backends/backend.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { UnaryMethod } from '../../rpc/service.ts';

/** CSI DeleteSnapshot. A snapshot that is unknown is deleted. */
export function deleteSnapshotMethod(
  snapshots: SnapshotsFacet,
): UnaryMethod<ControllerHandlers['DeleteSnapshot']> {
  return async ({ snapshotId }, { signal }) => {
    await snapshots.deleteSnapshot({ snapshotId }, signal);
    return {};
  };
}
