import type { ControllerBackend } from '../../backends/backend.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toPageRequest } from '../translate/pages.ts';
import { toWireVolume } from '../translate/volume.ts';

/** CSI ListVolumes. */
export function listVolumesMethod(
  backend: ControllerBackend,
): UnaryMethod<ControllerHandlers['ListVolumes']> {
  return async (request, { signal }) => {
    const page = await backend.listVolumes(toPageRequest(request), signal);
    return {
      entries: page.entries.map((volume) => ({ volume: toWireVolume(volume) })),
      nextToken: page.nextToken ?? '',
    };
  };
}
