import type { NodeBackend } from '../../backends/backend.ts';
import type { NodeHandlers } from '../../gen/csi/v1/Node.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toWireBytes } from '../translate/capacity.ts';
import { toWireTopology } from '../translate/topology.ts';

/** CSI NodeGetInfo. */
export function getInfoMethod(backend: NodeBackend): UnaryMethod<NodeHandlers['NodeGetInfo']> {
  return async (_request, { signal }) => {
    const { nodeId, maxVolumes, topology } = await backend.getInfo(signal);
    return {
      nodeId,
      maxVolumesPerNode: toWireBytes(maxVolumes),
      accessibleTopology: topology === undefined ? null : toWireTopology(topology),
    };
  };
}
