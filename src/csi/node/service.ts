import type { NodeBackend } from '../../backends/backend.ts';
import type { NodeDefinition, NodeHandlers } from '../../gen/csi/v1/Node.ts';
import { createService, type Service, type ServiceType } from '../../rpc/service.ts';
import { listNodeCapabilities } from './capabilities.ts';
import { expandVolumeMethod } from './expand-volume.ts';
import { getInfoMethod } from './get-info.ts';
import { getStorageHealthMethod } from './get-storage-health.ts';
import { getVolumeHealthMethod } from './get-volume-health.ts';
import { getVolumeStatsMethod } from './get-volume-stats.ts';
import { publishVolumeMethod } from './publish-volume.ts';
import { stageVolumeMethod } from './stage-volume.ts';
import { unpublishVolumeMethod } from './unpublish-volume.ts';
import { unstageVolumeMethod } from './unstage-volume.ts';

export interface NodeServiceOptions {
  readonly type: ServiceType<NodeHandlers, NodeDefinition>;
  readonly backend: NodeBackend;
}

/** The Node service over a backend. It expects requests that CSI_RULES let through. */
export function createNodeService({ type, backend }: NodeServiceOptions): Service {
  // kubelet asks for capabilities several times per mount.
  const capabilities = listNodeCapabilities(backend);
  const { expand, health } = backend;
  return createService(type, {
    NodeGetCapabilities: async () => ({ capabilities }),
    NodeGetInfo: getInfoMethod(backend),
    NodeStageVolume: stageVolumeMethod(backend),
    NodeUnstageVolume: unstageVolumeMethod(backend),
    NodePublishVolume: publishVolumeMethod(backend),
    NodeUnpublishVolume: unpublishVolumeMethod(backend),
    NodeGetVolumeStats: getVolumeStatsMethod(backend),
    NodeExpandVolume: expand && expandVolumeMethod(expand.bind(backend)),
    NodeGetVolumeHealth: health && getVolumeHealthMethod(health),
    NodeGetStorageHealth: health && getStorageHealthMethod(health),
  });
}
