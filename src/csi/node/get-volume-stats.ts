import type { NodeBackend } from '../../backends/backend.ts';
import type { VolumeStats } from '../../domain/volume.ts';
import type { NodeHandlers } from '../../gen/csi/v1/Node.ts';
import type { VolumeUsage } from '../../gen/csi/v1/VolumeUsage.ts';
import type { UnaryMethod } from '../../rpc/service.ts';
import { toWireBytes } from '../translate/capacity.ts';

/** CSI NodeGetVolumeStats. kubelet takes an answer without usage for an error, so bytes are always there. */
export function getVolumeStatsMethod(backend: NodeBackend): UnaryMethod<NodeHandlers['NodeGetVolumeStats']> {
  return async ({ volumeId, volumePath }, { signal }) => ({
    usage: toUsage(await backend.getStats({ volumeId, volumePath }, signal)),
  });
}

function toUsage({ bytes, inodes }: VolumeStats): VolumeUsage[] {
  const usage = [toEntry('BYTES', bytes)];
  if (inodes !== undefined) usage.push(toEntry('INODES', inodes));
  return usage;
}

function toEntry(unit: 'BYTES' | 'INODES', counts: VolumeStats['bytes']): VolumeUsage {
  // A volume over its limit has nothing left; CSI allows no negative values.
  const { total, used, available } = counts;
  return {
    unit,
    total: toWireBytes(total),
    used: toWireBytes(used ?? 0),
    available: toWireBytes(Math.max(0, available ?? 0)),
  };
}
