import type { NodeBackend } from '../../backends/backend.ts';
import type { NodeHandlers } from '../../gen/csi/v1/Node.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { refuseMountGroup, toCapability } from '../translate/capability.ts';

/** CSI NodePublishVolume. */
export function publishVolumeMethod(backend: NodeBackend): UnaryMethod<NodeHandlers['NodePublishVolume']> {
  return async (request, { signal }) => {
    const capability = toCapability(request.volumeCapability);
    if (backend.mountGroup === undefined) refuseMountGroup(capability);
    await backend.publish(
      {
        volumeId: request.volumeId,
        stagingPath: request.stagingTargetPath,
        targetPath: request.targetPath,
        capability,
        readOnly: request.readonly,
        context: request.volumeContext,
      },
      signal,
    );
    return {};
  };
}
