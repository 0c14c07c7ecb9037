import type { NodeBackend } from '../../backends/backend.ts';
import type { NodeHandlers } from '../../gen/csi/v1/Node.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toCapability } from '../translate/capability.ts';

/** CSI NodeStageVolume. */
export function stageVolumeMethod(backend: NodeBackend): UnaryMethod<NodeHandlers['NodeStageVolume']> {
  return async (request, { signal }) => {
    await backend.stage(
      {
        volumeId: request.volumeId,
        stagingPath: request.stagingTargetPath,
        capability: toCapability(request.volumeCapability),
        context: request.volumeContext,
      },
      signal,
    );
    return {};
  };
}
