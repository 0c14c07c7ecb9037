import type { CapacityFacet, ControllerBackend } from '../../backends/backend.ts';
import type { VolumeCapability } from '../../domain/access.ts';
import { isDriverError } from '../../domain/errors.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toCapabilities } from '../translate/capability.ts';
import { toGetCapacityResponse } from '../translate/capacity.ts';
import { toOptionalTopology } from '../translate/topology.ts';

/** CSI GetCapacity. There is no room for volumes that this driver does not make. */
export function getCapacityMethod(
  backend: ControllerBackend,
  capacity: CapacityFacet,
): UnaryMethod<ControllerHandlers['GetCapacity']> {
  return async (request, { signal }) => {
    const capabilities = toCapabilities(request.volumeCapabilities);
    if (!isPossible(backend, capabilities)) return { availableCapacity: '0' };
    const room = await capacity.getCapacity(
      {
        capabilities,
        parameters: request.parameters,
        topology: toOptionalTopology(request.accessibleTopology),
      },
      signal,
    );
    return toGetCapacityResponse(room);
  };
}

function isPossible(backend: ControllerBackend, capabilities: readonly VolumeCapability[]): boolean {
  try {
    backend.checkCapabilities(capabilities);
    return true;
  } catch (error) {
    if (isDriverError(error, 'INVALID_ARGUMENT')) return false;
    throw error;
  }
}
