import type { ControllerHandlers } from '../../gen/csi/v1/Controller.ts';
import type { NodeHandlers } from '../../gen/csi/v1/Node.ts';
import type { MethodNames, RequestOf } from '../../rpc/service.ts';

/** What a call is about, for the methods that change something: calls with the same key do not overlap. */
export type ServiceLockKeys<Handlers> = {
  readonly [M in MethodNames<Handlers>]?: (request: RequestOf<Handlers[M]>) => string;
};

/** Calls that make something go by its name, since they do not know its id yet; the others by id. Each kind has a scope of its own. */
export const CONTROLLER_LOCK_KEYS: ServiceLockKeys<ControllerHandlers> = {
  CreateVolume: (request) => `volume-name:${request.name}`,
  DeleteVolume: (request) => `volume:${request.volumeId}`,
  ControllerExpandVolume: (request) => `volume:${request.volumeId}`,
  CreateSnapshot: (request) => `snapshot-name:${request.name}`,
  DeleteSnapshot: (request) => `snapshot:${request.snapshotId}`,
};

/** All that happens to a volume on a node happens one after the other, whatever its paths. Questions do not wait. */
export const NODE_LOCK_KEYS: ServiceLockKeys<NodeHandlers> = {
  NodeStageVolume: (request) => `node-volume:${request.volumeId}`,
  NodeUnstageVolume: (request) => `node-volume:${request.volumeId}`,
  NodePublishVolume: (request) => `node-volume:${request.volumeId}`,
  NodeUnpublishVolume: (request) => `node-volume:${request.volumeId}`,
  NodeExpandVolume: (request) => `node-volume:${request.volumeId}`,
};
