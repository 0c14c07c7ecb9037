import type { NodeBackend } from '../../backends/backend.ts';
import type { NodeHandlers } from '../../gen/csi/v1/Node.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toCapability } from '../translate/capability.ts';

/** CSI NodePublishVolume. */
export function publishVolumeMethod(backend: NodeBackend): UnaryMethod<NodeHandlers['NodePublishVolume']> {
  return async (request, { signal }) => {
    await backend.publish(
      {
        volumeId: request.volumeId,
        stagingPath: request.stagingTargetPath,
        targetPath: request.targetPath,
        capability: toCapability(request.volumeCapability),
        readOnly: request.readonly,
        context: request.volumeContext,
      },
      signal,
    );
    return {};
  };
}
