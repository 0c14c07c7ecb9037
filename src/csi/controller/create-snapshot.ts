import type { ControllerBackend, SnapshotsFacet } from '../../backends/backend.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toWireSnapshot } from '../translate/snapshot.ts';
import { toTopologyRequirement } from '../translate/topology.ts';

/** CSI CreateSnapshot. Callers repeat it to learn whether the snapshot is ready. */
export function createSnapshotMethod(
  { hasTopology }: ControllerBackend,
  snapshots: SnapshotsFacet,
): UnaryMethod<ControllerHandlers['CreateSnapshot']> {
  return async ({ name, sourceVolumeId, parameters, accessibilityRequirements }, { signal }) => {
    const topology = hasTopology ? toTopologyRequirement(accessibilityRequirements) : undefined;
    const snapshot = await snapshots.createSnapshot({ name, sourceVolumeId, parameters, topology }, signal);
    return { snapshot: toWireSnapshot(snapshot) };
  };
}
