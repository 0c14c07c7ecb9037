import type { SnapshotsFacet } from '../../backends/backend.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toPageRequest } from '../translate/pages.ts';
import { toWireSnapshot } from '../translate/snapshot.ts';

/** CSI ListSnapshots. Filters that match nothing give an empty list. */
export function listSnapshotsMethod(
  snapshots: SnapshotsFacet,
): UnaryMethod<ControllerHandlers['ListSnapshots']> {
  return async (request, { signal }) => {
    const page = await snapshots.listSnapshots(
      {
        ...toPageRequest(request),
        snapshotId: request.snapshotId || undefined,
        sourceVolumeId: request.sourceVolumeId || undefined,
      },
      signal,
    );
    return {
      entries: page.entries.map((snapshot) => ({ snapshot: toWireSnapshot(snapshot) })),
      nextToken: page.nextToken ?? '',
    };
  };
}
