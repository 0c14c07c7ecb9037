import type { ControllerBackend } from '../../backends/backend.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toWireVolume } from '../translate/volume.ts';

/** CSI ControllerGetVolume. */
export function getVolumeMethod(
  backend: ControllerBackend,
): UnaryMethod<ControllerHandlers['ControllerGetVolume']> {
  return async ({ volumeId }, { signal }) => {
    const volume = await backend.getVolume({ volumeId }, signal);
    // The status is required even where volumes are not published by a controller.
    return { volume: toWireVolume(volume), status: {} };
  };
}
