import type { NodeBackend } from '../../backends/backend.ts';
import type { NodeHandlers } from '../../gen/csi/v1/Node.ts';
import type { UnaryMethod } from '../../rpc/service.ts';

/** CSI NodeUnstageVolume. */
export function unstageVolumeMethod(backend: NodeBackend): UnaryMethod<NodeHandlers['NodeUnstageVolume']> {
  return async ({ volumeId, stagingTargetPath }, { signal }) => {
    await backend.unstage({ volumeId, stagingPath: stagingTargetPath }, signal);
    return {};
  };
}
