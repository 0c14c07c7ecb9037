import type { NodeBackend } from '../../backends/backend.ts';
import type { NodeHandlers } from '../../gen/csi/v1/Node.ts';
import type { UnaryMethod } from '../../rpc/service.ts';

/** CSI NodeUnpublishVolume. */
export function unpublishVolumeMethod(
  backend: NodeBackend,
): UnaryMethod<NodeHandlers['NodeUnpublishVolume']> {
  return async ({ volumeId, targetPath }, { signal }) => {
    await backend.unpublish({ volumeId, targetPath }, signal);
    return {};
  };
}
