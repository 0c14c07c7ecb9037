import type { NodeBackend } from '../../backends/backend.ts';
import type { NodeHandlers } from '../../gen/csi/v1/Node.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { refuseMountGroup, toCapability } from '../translate/capability.ts';

/** CSI NodeStageVolume. */
export function stageVolumeMethod(backend: NodeBackend): UnaryMethod<NodeHandlers['NodeStageVolume']> {
  return async (request, { signal }) => {
    const capability = toCapability(request.volumeCapability);
    if (backend.mountGroup === undefined) refuseMountGroup(capability);
    await backend.stage(
      {
        volumeId: request.volumeId,
        stagingPath: request.stagingTargetPath,
        capability,
        context: request.volumeContext,
      },
      signal,
    );
    return {};
  };
}
