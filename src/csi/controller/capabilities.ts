import type { ControllerBackend } from '../../backends/backend.ts';
import type {
  _csi_v1_ControllerServiceCapability_RPC_Type as RpcType,
  ControllerServiceCapability,
} from '../../gen/csi/v1/ControllerServiceCapability.ts';
import type { PluginFeatures } from '../identity.ts';

type Announced = Extract<RpcType, string>;

/** What every backend has, and what each facet adds. */
const ALWAYS: readonly Announced[] = [
  'CREATE_DELETE_VOLUME',
  'LIST_VOLUMES',
  'GET_VOLUME',
  'SINGLE_NODE_MULTI_WRITER',
];
const BY_FACET: Readonly<
  Record<'expansion' | 'snapshots' | 'cloning' | 'capacity' | 'health', readonly Announced[]>
> = {
  expansion: ['EXPAND_VOLUME'],
  snapshots: ['CREATE_DELETE_SNAPSHOT', 'LIST_SNAPSHOTS', 'GET_SNAPSHOT'],
  cloning: ['CLONE_VOLUME'],
  capacity: ['GET_CAPACITY'],
  health: ['GET_VOLUME_HEALTH', 'LIST_VOLUME_HEALTH'],
};

/** What ControllerGetCapabilities announces for a backend: what its facets offer, and nothing else. */
export function listControllerCapabilities(backend: ControllerBackend): ControllerServiceCapability[] {
  const facets = Object.entries(BY_FACET).filter(([facet]) => backend[facet as keyof typeof BY_FACET]);
  const types = [...ALWAYS, ...facets.flatMap(([, announced]) => announced)];
  return types.map((type) => ({ rpc: { type } }));
}

/** What the Identity service tells of a driver with this backend, on all of its sockets. */
export function toPluginFeatures(backend: ControllerBackend): PluginFeatures {
  const { hasTopology, snapshots, expansion } = backend;
  return {
    hasTopology,
    hasSnapshotTopology: hasTopology && snapshots !== undefined,
    expandsOnline: expansion !== undefined,
  };
}
