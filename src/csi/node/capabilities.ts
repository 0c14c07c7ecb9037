import type { NodeBackend } from '../../backends/backend.ts';
import type {
  _csi_v1_NodeServiceCapability_RPC_Type as RpcType,
  NodeServiceCapability,
} from '../../gen/csi/v1/NodeServiceCapability.ts';

type Announced = Extract<RpcType, string>;

/** What every backend has, and what each facet adds. */
const ALWAYS: readonly Announced[] = ['STAGE_UNSTAGE_VOLUME', 'GET_VOLUME_STATS', 'SINGLE_NODE_MULTI_WRITER'];
const BY_FACET: Readonly<Record<'expand' | 'health' | 'mountGroup', readonly Announced[]>> = {
  expand: ['EXPAND_VOLUME'],
  mountGroup: ['VOLUME_MOUNT_GROUP'],
  health: ['GET_VOLUME_HEALTH', 'GET_STORAGE_HEALTH'],
};

/** What NodeGetCapabilities announces for a backend: what its facets offer, and nothing else. */
export function listNodeCapabilities(backend: NodeBackend): NodeServiceCapability[] {
  const facets = Object.entries(BY_FACET).filter(([facet]) => backend[facet as keyof typeof BY_FACET]);
  const types = [...ALWAYS, ...facets.flatMap(([, announced]) => announced)];
  return types.map((type) => ({ rpc: { type } }));
}
