import type { ControllerHealthFacet } from '../../backends/backend.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toWireVolumeHealth } from '../translate/health.ts';
import { toPageRequest } from '../translate/pages.ts';

/** CSI ControllerListVolumeHealth. */
export function listVolumeHealthMethod(
  health: ControllerHealthFacet,
): UnaryMethod<ControllerHandlers['ControllerListVolumeHealth']> {
  return async (request, { signal }) => {
    const page = await health.listVolumeHealth(toPageRequest(request), signal);
    return { entries: page.entries.map(toWireVolumeHealth), nextToken: page.nextToken ?? '' };
  };
}
