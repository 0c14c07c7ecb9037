import type { ControllerBackend, ExpansionFacet } from '../../backends/backend.ts';
import { DriverError } from '../../domain/errors.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toOptionalCapability } from '../translate/capability.ts';
import { toCapacityRange, toWireBytes } from '../translate/capacity.ts';

/** CSI ControllerExpandVolume. */
export function expandVolumeMethod(
  backend: ControllerBackend,
  expansion: ExpansionFacet,
): UnaryMethod<ControllerHandlers['ControllerExpandVolume']> {
  return async (request, { signal }) => {
    const range = toCapacityRange(request.capacityRange);
    if (range === undefined)
      throw new DriverError('INVALID_ARGUMENT', 'capacity_range is required, and it is not set.');
    const capability = toOptionalCapability(request.volumeCapability);
    if (capability !== undefined) backend.checkCapabilities([capability]);
    const expanded = await expansion.expandVolume({ volumeId: request.volumeId, range }, signal);
    return {
      capacityBytes: toWireBytes(expanded.capacityBytes),
      nodeExpansionRequired: expanded.nodeExpansionRequired,
    };
  };
}
