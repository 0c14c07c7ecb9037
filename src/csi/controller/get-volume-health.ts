import type { ControllerHealthFacet } from '../../backends/backend.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toWireVolumeHealth } from '../translate/health.ts';

/** CSI ControllerGetVolumeHealth. */
export function getVolumeHealthMethod(
  health: ControllerHealthFacet,
): UnaryMethod<ControllerHandlers['ControllerGetVolumeHealth']> {
  return async ({ volumeId }, { signal }) => ({
    volumeHealth: toWireVolumeHealth(await health.getVolumeHealth({ volumeId }, signal)),
  });
}
