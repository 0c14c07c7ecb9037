import type { NodeHealthFacet } from '../../backends/backend.ts';
import type { NodeHandlers } from '../../gen/csi/v1/Node.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toWireStorageHealth } from '../translate/health.ts';

/** CSI NodeGetStorageHealth. */
export function getStorageHealthMethod(
  health: NodeHealthFacet,
): UnaryMethod<NodeHandlers['NodeGetStorageHealth']> {
  return async (_request, { signal }) => ({
    backendHealth: toWireStorageHealth(await health.getStorageHealth(signal)),
  });
}
