import { withoutUndefined } from '../base/defined.ts';
import type { VolumeRecord } from '../filestore/records.ts';
import type { AgentHandlers } from '../gen/stowage/agent/v1/Agent.ts';
import type { VolumeRecord as VolumeMessage } from '../gen/stowage/agent/v1/VolumeRecord.ts';
import type { ServiceMethods } from '../rpc/service.ts';
import type { GetStore } from './server.ts';
import { toVolumeMessage } from './translate/records.ts';
import { fromCreateVolumeMessage, fromRangeMessage } from './translate/requests.ts';

type VolumeVerb =
  | 'CreateVolume'
  | 'DeleteVolume'
  | 'FindVolume'
  | 'ListVolumes'
  | 'ExpandVolume'
  | 'GetUsage'
  | 'GetVolumeHealth';

/** The verbs about volumes, each one call of the store. */
export function createVolumeVerbs(getStore: GetStore): Pick<ServiceMethods<AgentHandlers>, VolumeVerb> {
  return {
    CreateVolume: async (request, { signal }) => {
      const volume = await getStore(request).createVolume(fromCreateVolumeMessage(request), signal);
      return { volume: toVolumeMessage(volume, request.poolId) };
    },
    DeleteVolume: async (request, { signal }) => {
      await getStore(request).deleteVolume({ id: request.volumeId }, signal);
      return {};
    },
    FindVolume: async (request, { signal }) => {
      const found = await getStore(request).findVolume({ id: request.volumeId }, signal);
      return { volume: toFound(found, request.poolId) };
    },
    ListVolumes: async (request, { signal }) => {
      const { poolId, maxEntries, startingToken } = request;
      const { entries, nextToken } = await getStore(request).listVolumes(
        { maxEntries, startingToken },
        signal,
      );
      const volumes = entries.map((volume) => toVolumeMessage(volume, poolId));
      return { volumes, ...withoutUndefined({ nextToken }) };
    },
    ExpandVolume: async (request, { signal }) => {
      const { poolId, volumeId, range } = request;
      const expansion = { id: volumeId, range: fromRangeMessage(range) };
      const volume = await getStore(request).expandVolume(expansion, signal);
      return { volume: toVolumeMessage(volume, poolId) };
    },
    GetUsage: async (request, { signal }) => {
      const usage = await getStore(request).getUsage({ id: request.volumeId }, signal);
      const { capacityBytes, usedBytes, usedInodes } = usage;
      return { capacityBytes, usedBytes, ...withoutUndefined({ usedInodes }) };
    },
    GetVolumeHealth: async (request, { signal }) => {
      const statuses = await getStore(request).getVolumeHealth({ id: request.volumeId }, signal);
      return { statuses: [...statuses] };
    },
  };
}

function toFound(found: VolumeRecord | undefined, poolId: string): VolumeMessage | null {
  return found === undefined ? null : toVolumeMessage(found, poolId);
}
