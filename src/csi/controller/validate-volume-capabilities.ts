import { quote } from '../../base/quote.ts';
import type { ControllerBackend } from '../../backends/backend.ts';
import { isDriverError } from '../../domain/errors.ts';
import type { Volume } from '../../domain/volume.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { ValidateVolumeCapabilitiesRequest__Output as Request } from '../../gen/csi/v1/ValidateVolumeCapabilitiesRequest.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toCapabilities } from '../translate/capability.ts';

/**
 * CSI ValidateVolumeCapabilities. Confirms only if all that was asked holds, and then says what was looked at; otherwise the answer
 * is a message. An error is for what is no question: no such volume, a request with holes.
 */
export function validateVolumeCapabilitiesMethod(
  backend: ControllerBackend,
): UnaryMethod<ControllerHandlers['ValidateVolumeCapabilities']> {
  return async (request, { signal }) => {
    const volume = await backend.getVolume({ volumeId: request.volumeId }, signal);
    const objection =
      findMismatch(volume, request) ?? (await toObjection(() => findObjection(backend, request, signal)));
    if (objection !== undefined) return { message: objection };
    const { volumeContext, volumeCapabilities, parameters } = request;
    return { confirmed: { volumeContext, volumeCapabilities, parameters } };
  };
}

async function findObjection(
  backend: ControllerBackend,
  request: Request,
  signal: AbortSignal,
): Promise<string | undefined> {
  const capabilities = toCapabilities(request.volumeCapabilities);
  backend.checkCapabilities(capabilities);
  const { volumeId, parameters } = request;
  return await backend.findObjection({ volumeId, capabilities, parameters }, signal);
}

/** What would be a bad argument elsewhere is an answer here: no volume can be used so. */
async function toObjection(find: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await find();
  } catch (error) {
    if (isDriverError(error, 'INVALID_ARGUMENT')) return error.message;
    throw error;
  }
}

function findMismatch(volume: Volume, request: Request): string | undefined {
  if (Object.keys(request.mutableParameters).length > 0)
    return 'mutable_parameters are set, but volumes of this driver cannot be modified.';
  const context = request.volumeContext;
  if (Object.keys(context).length === 0) return undefined;
  // Kubernetes adds keys of its own to what CreateVolume returned, so only ours are compared.
  const key = Object.keys(volume.context).find((own) => context[own] !== volume.context[own]);
  return key === undefined
    ? undefined
    : `volume_context has another value for ${quote(key)} than volume ${volume.id}.`;
}
