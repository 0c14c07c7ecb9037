import type { NodeBackend } from '../../backends/backend.ts';
import type { NodeHandlers } from '../../gen/csi/v1/Node.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toOptionalCapability } from '../translate/capability.ts';
import { toCapacityRange, toWireBytes } from '../translate/capacity.ts';

/** CSI NodeExpandVolume. Without a range the file system fills its device. */
export function expandVolumeMethod(
  expand: NonNullable<NodeBackend['expand']>,
): UnaryMethod<NodeHandlers['NodeExpandVolume']> {
  return async (request, { signal }) => {
    const { volumeId, volumePath } = request;
    const range = toCapacityRange(request.capacityRange);
    const access = toOptionalCapability(request.volumeCapability)?.access;
    const { capacityBytes } = await expand({ volumeId, volumePath, range, access }, signal);
    return { capacityBytes: toWireBytes(capacityBytes) };
  };
}
