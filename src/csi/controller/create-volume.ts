import type { ControllerBackend } from '../../backends/backend.ts';
import { DriverError } from '../../domain/errors.ts';
import type { ContentSource } from '../../domain/volume.ts';
import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toCapabilities } from '../translate/capability.ts';
import { toCapacityRange } from '../translate/capacity.ts';
import { toTopologyRequirement } from '../translate/topology.ts';
import { toContentSource, toWireVolume } from '../translate/volume.ts';

/** CSI CreateVolume. What the request asks for is settled before the backend looks anything up. */
export function createVolumeMethod(
  backend: ControllerBackend,
): UnaryMethod<ControllerHandlers['CreateVolume']> {
  return async (request, { signal }) => {
    const capabilities = toCapabilities(request.volumeCapabilities);
    const range = toCapacityRange(request.capacityRange);
    const source = toContentSource(request.volumeContentSource);
    const topology = toTopologyRequirement(request.accessibilityRequirements);
    refuseMutableParameters(request.mutableParameters);
    refuseForeignSource(backend, source);
    backend.checkCapabilities(capabilities);
    const { name, parameters } = request;
    const volume = await backend.createVolume(
      {
        name,
        range,
        capabilities,
        parameters,
        source,
        topology: backend.hasTopology ? topology : undefined,
      },
      signal,
    );
    return { volume: toWireVolume(volume) };
  };
}

function refuseMutableParameters(mutableParameters: Readonly<Record<string, string>>): void {
  if (Object.keys(mutableParameters).length === 0) return;
  throw new DriverError(
    'INVALID_ARGUMENT',
    'mutable_parameters are set, but volumes of this driver cannot be modified. Take the VolumeAttributesClass off the claim.',
  );
}

function refuseForeignSource(backend: ControllerBackend, source: ContentSource | undefined): void {
  if (source?.kind === 'snapshot' && backend.snapshots === undefined)
    throw new DriverError('INVALID_ARGUMENT', 'This driver has no snapshots to make a volume from.');
  if (source?.kind === 'volume' && backend.cloning === undefined)
    throw new DriverError('INVALID_ARGUMENT', 'This driver cannot make a volume from another one.');
}
