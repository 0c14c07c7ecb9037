import type { ControllerBackend } from '../../backends/backend.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { UnaryMethod } from '../../rpc/service.ts';

/** CSI DeleteVolume. A volume that is unknown is deleted. */
export function deleteVolumeMethod(
  backend: ControllerBackend,
): UnaryMethod<ControllerHandlers['DeleteVolume']> {
  return async ({ volumeId }, { signal }) => {
    await backend.deleteVolume({ volumeId }, signal);
    return {};
  };
}
