import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { NodeHandlers } from '../../gen/csi/v1/Node.ts';
import type { Keys, ServiceKeys } from '../../rpc/interceptors/in-flight.ts';

/** Calls that make something go by its name, since they do not know its id yet; the others by id. Each kind has a scope of its own. */
const CONTROLLER_KEYS: ServiceKeys<ControllerHandlers> = {
  CreateVolume: ({ name }) => `the volume named ${name}`,
  DeleteVolume: ({ volumeId }) => `volume ${volumeId}`,
  ControllerExpandVolume: ({ volumeId }) => `volume ${volumeId}`,
  CreateSnapshot: ({ name }) => `the snapshot named ${name}`,
  DeleteSnapshot: ({ snapshotId }) => `snapshot ${snapshotId}`,
};

/** All that happens to a volume on a node happens one after the other, whatever its paths. Questions do not wait. */
const NODE_KEYS: ServiceKeys<NodeHandlers> = {
  NodeStageVolume: ({ volumeId }) => `this node's volume ${volumeId}`,
  NodeUnstageVolume: ({ volumeId }) => `this node's volume ${volumeId}`,
  NodePublishVolume: ({ volumeId }) => `this node's volume ${volumeId}`,
  NodeUnpublishVolume: ({ volumeId }) => `this node's volume ${volumeId}`,
  NodeExpandVolume: ({ volumeId }) => `this node's volume ${volumeId}`,
};

/** What the in-flight interceptor keeps apart, for all services of CSI. */
export const CSI_LOCK_KEYS: Keys = { ...CONTROLLER_KEYS, ...NODE_KEYS };
