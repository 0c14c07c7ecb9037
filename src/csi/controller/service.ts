import type { ControllerBackend } from '../../backends/backend.ts';
import type { ControllerDefinition, ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import { createService, type Service, type ServiceMethods, type ServiceType } from '../../rpc/service.ts';
import { listControllerCapabilities } from './capabilities.ts';
import { createSnapshotMethod } from './create-snapshot.ts';
import { createVolumeMethod } from './create-volume.ts';
import { deleteSnapshotMethod } from './delete-snapshot.ts';
import { deleteVolumeMethod } from './delete-volume.ts';
import { expandVolumeMethod } from './expand-volume.ts';
import { getCapacityMethod } from './get-capacity.ts';
import { getSnapshotMethod } from './get-snapshot.ts';
import { getVolumeMethod } from './get-volume.ts';
import { getVolumeHealthMethod } from './get-volume-health.ts';
import { listSnapshotsMethod } from './list-snapshots.ts';
import { listVolumeHealthMethod } from './list-volume-health.ts';
import { listVolumesMethod } from './list-volumes.ts';
import { validateVolumeCapabilitiesMethod } from './validate-volume-capabilities.ts';

export interface ControllerServiceOptions {
  readonly type: ServiceType<ControllerHandlers, ControllerDefinition>;
  readonly backend: ControllerBackend;
}

type Methods = ServiceMethods<ControllerHandlers>;

/**
 * The Controller service over a backend. It expects requests that CSI_RULES let through. Methods that the backend has no facet
 * for are not offered.
 */
export function createControllerService({ type, backend }: ControllerServiceOptions): Service {
  const capabilities = listControllerCapabilities(backend);
  return createService(type, {
    ControllerGetCapabilities: async () => ({ capabilities }),
    CreateVolume: createVolumeMethod(backend),
    DeleteVolume: deleteVolumeMethod(backend),
    ControllerGetVolume: getVolumeMethod(backend),
    ListVolumes: listVolumesMethod(backend),
    ValidateVolumeCapabilities: validateVolumeCapabilitiesMethod(backend),
    ControllerPublishVolume: undefined,
    ControllerUnpublishVolume: undefined,
    ControllerModifyVolume: undefined,
    ...facetMethods(backend),
    ...snapshotMethods(backend),
  });
}

function facetMethods(
  backend: ControllerBackend,
): Pick<
  Methods,
  'ControllerExpandVolume' | 'GetCapacity' | 'ControllerGetVolumeHealth' | 'ControllerListVolumeHealth'
> {
  const { expansion, capacity, health } = backend;
  return {
    ControllerExpandVolume: expansion && expandVolumeMethod(backend, expansion),
    GetCapacity: capacity && getCapacityMethod(backend, capacity),
    ControllerGetVolumeHealth: health && getVolumeHealthMethod(health),
    ControllerListVolumeHealth: health && listVolumeHealthMethod(health),
  };
}

function snapshotMethods(
  backend: ControllerBackend,
): Pick<Methods, 'CreateSnapshot' | 'DeleteSnapshot' | 'GetSnapshot' | 'ListSnapshots'> {
  const { snapshots } = backend;
  return {
    CreateSnapshot: snapshots && createSnapshotMethod(backend, snapshots),
    DeleteSnapshot: snapshots && deleteSnapshotMethod(snapshots),
    GetSnapshot: snapshots && getSnapshotMethod(snapshots),
    ListSnapshots: snapshots && listSnapshotsMethod(snapshots),
  };
}
