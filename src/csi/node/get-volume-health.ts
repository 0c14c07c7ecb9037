import type { NodeHealthFacet } from '../../backends/backend.ts';
import type { NodeHandlers } from '../../gen/csi/v1/Node.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toWireVolumeHealth } from '../translate/health.ts';

/** CSI NodeGetVolumeHealth. It may be asked about a volume that was merely tried to be staged, and without any path. */
export function getVolumeHealthMethod(
  health: NodeHealthFacet,
): UnaryMethod<NodeHandlers['NodeGetVolumeHealth']> {
  return async ({ volumeId, volumePublishPath, stagingTargetPath }, { signal }) => {
    const volumeHealth = await health.getVolumeHealth(
      {
        volumeId,
        publishPath: volumePublishPath || undefined,
        stagingPath: stagingTargetPath || undefined,
      },
      signal,
    );
    return { volumeHealth: toWireVolumeHealth(volumeHealth) };
  };
}
