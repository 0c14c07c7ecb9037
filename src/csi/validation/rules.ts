import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { NodeHandlers } from '../../gen/csi/v1/Node.ts';
import type { Rules } from '../../rpc/interceptors/validation.ts';
import type { MethodNames, RequestOf } from '../../rpc/service.ts';
import { checkRequest, type UntypedFieldRule } from './check-request.ts';
import {
  anything,
  capabilities,
  capability,
  type Form,
  lookupPath,
  map,
  mountPath,
  name,
  topology,
  topologyRequirement,
} from './forms.ts';

/** What must hold for one field. An unset field (empty text, list or map, no message) is checked only for being required. */
export type FieldRule<R> = {
  [F in keyof R & string]: {
    readonly field: F;
    readonly form: Form<R[F]>;
    /** `required`: INVALID_ARGUMENT without it. `precondition`: FAILED_PRECONDITION, where CSI says so. */
    readonly need?: 'required' | 'precondition';
  };
}[keyof R & string];

/** Rules for every method of a service, in the order in which they are checked. */
export type ServiceFields<Handlers> = {
  readonly [M in MethodNames<Handlers>]: readonly FieldRule<RequestOf<Handlers[M]>>[];
};

const required = 'required';

/**
 * What requests to the Controller service must look like before anything is looked up. Where a method has more than one flaw, the
 * order decides which is told; names come first, since sources may be made up (csi-sanity does that).
 */
const CONTROLLER_FIELDS: ServiceFields<ControllerHandlers> = {
  CreateVolume: [
    { field: 'name', form: name, need: required },
    { field: 'volumeCapabilities', form: capabilities, need: required },
    { field: 'parameters', form: map },
    { field: 'mutableParameters', form: map },
    { field: 'accessibilityRequirements', form: topologyRequirement },
    { field: 'secrets', form: map },
  ],
  DeleteVolume: [
    { field: 'volumeId', form: anything, need: required },
    { field: 'secrets', form: map },
  ],
  ValidateVolumeCapabilities: [
    { field: 'volumeId', form: anything, need: required },
    { field: 'volumeCapabilities', form: capabilities, need: required },
    { field: 'volumeContext', form: map },
    { field: 'parameters', form: map },
    { field: 'mutableParameters', form: map },
    { field: 'secrets', form: map },
  ],
  ControllerGetVolume: [{ field: 'volumeId', form: anything, need: required }],
  GetCapacity: [
    { field: 'volumeCapabilities', form: capabilities },
    { field: 'parameters', form: map },
    { field: 'accessibleTopology', form: topology },
  ],
  CreateSnapshot: [
    { field: 'name', form: name, need: required },
    { field: 'sourceVolumeId', form: anything, need: required },
    { field: 'parameters', form: map },
    { field: 'accessibilityRequirements', form: topologyRequirement },
    { field: 'secrets', form: map },
  ],
  DeleteSnapshot: [
    { field: 'snapshotId', form: anything, need: required },
    { field: 'secrets', form: map },
  ],
  ListSnapshots: [{ field: 'secrets', form: map }],
  GetSnapshot: [
    { field: 'snapshotId', form: anything, need: required },
    { field: 'secrets', form: map },
  ],
  ControllerExpandVolume: [
    { field: 'volumeId', form: anything, need: required },
    { field: 'capacityRange', form: anything, need: required },
    { field: 'volumeCapability', form: capability },
    { field: 'secrets', form: map },
  ],
  ControllerGetVolumeHealth: [
    { field: 'volumeId', form: anything, need: required },
    { field: 'secrets', form: map },
  ],
  ControllerListVolumeHealth: [{ field: 'secrets', form: map }],
  ListVolumes: [],
  ControllerGetCapabilities: [],
  ControllerPublishVolume: [],
  ControllerUnpublishVolume: [],
  ControllerModifyVolume: [],
};

/** The same for the Node service. */
const NODE_FIELDS: ServiceFields<NodeHandlers> = {
  NodeStageVolume: [
    { field: 'volumeId', form: anything, need: required },
    { field: 'stagingTargetPath', form: mountPath, need: required },
    { field: 'volumeCapability', form: capability, need: required },
    { field: 'publishContext', form: map },
    { field: 'volumeContext', form: map },
    { field: 'secrets', form: map },
  ],
  NodeUnstageVolume: [
    { field: 'volumeId', form: anything, need: required },
    { field: 'stagingTargetPath', form: mountPath, need: required },
  ],
  NodePublishVolume: [
    { field: 'volumeId', form: anything, need: required },
    { field: 'targetPath', form: mountPath, need: required },
    { field: 'volumeCapability', form: capability, need: required },
    { field: 'stagingTargetPath', form: mountPath, need: 'precondition' },
    { field: 'publishContext', form: map },
    { field: 'volumeContext', form: map },
    { field: 'secrets', form: map },
  ],
  NodeUnpublishVolume: [
    { field: 'volumeId', form: anything, need: required },
    { field: 'targetPath', form: mountPath, need: required },
  ],
  NodeGetVolumeStats: [
    { field: 'volumeId', form: anything, need: required },
    { field: 'volumePath', form: lookupPath, need: required },
  ],
  NodeGetVolumeHealth: [
    { field: 'volumeId', form: anything, need: required },
    { field: 'volumePublishPath', form: lookupPath },
    { field: 'stagingTargetPath', form: lookupPath },
  ],
  NodeGetStorageHealth: [{ field: 'secrets', form: map }],
  NodeExpandVolume: [
    { field: 'volumeId', form: anything, need: required },
    { field: 'volumePath', form: lookupPath, need: required },
    { field: 'volumeCapability', form: capability },
    { field: 'secrets', form: map },
  ],
  NodeGetCapabilities: [],
  NodeGetInfo: [],
};

/** What the validation interceptor checks for all services of CSI. */
export const CSI_RULES: Rules = { ...toRules(CONTROLLER_FIELDS), ...toRules(NODE_FIELDS) };

function toRules(fields: Readonly<Record<string, readonly UntypedFieldRule[]>>): Rules {
  return Object.fromEntries(
    Object.entries(fields).map(([method, rules]) => [
      method,
      [(request: object) => checkRequest(rules, request)],
    ]),
  );
}
