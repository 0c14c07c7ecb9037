import { withoutUndefined } from '../base/defined.ts';
import type { SnapshotRecord } from '../filestore/records.ts';
import type { AgentHandlers } from '../gen/stowage/agent/v1/Agent.ts';
import type { SnapshotRecord as SnapshotMessage } from '../gen/stowage/agent/v1/SnapshotRecord.ts';
import type { ServiceMethods } from '../rpc/service.ts';
import type { GetStore } from './server.ts';
import { toSnapshotMessage } from './translate/records.ts';

type SnapshotVerb = 'CreateSnapshot' | 'DeleteSnapshot' | 'FindSnapshot' | 'ListSnapshots';

/** The verbs about snapshots, each one call of the store. */
export function createSnapshotVerbs(getStore: GetStore): Pick<ServiceMethods<AgentHandlers>, SnapshotVerb> {
  return {
    CreateSnapshot: async (request, { signal }) => {
      const { poolId, name, sourceVolumeId } = request;
      const snapshot = await getStore(request).createSnapshot({ name, sourceVolumeId }, signal);
      return { snapshot: toSnapshotMessage(snapshot, poolId) };
    },
    DeleteSnapshot: async (request, { signal }) => {
      await getStore(request).deleteSnapshot({ id: request.snapshotId }, signal);
      return {};
    },
    FindSnapshot: async (request, { signal }) => {
      const found = await getStore(request).findSnapshot({ id: request.snapshotId }, signal);
      return { snapshot: toFound(found, request.poolId) };
    },
    ListSnapshots: async (request, { signal }) => {
      const { poolId, maxEntries, startingToken, sourceVolumeId } = request;
      const query = { maxEntries, startingToken, sourceVolumeId };
      const { entries, nextToken } = await getStore(request).listSnapshots(query, signal);
      const snapshots = entries.map((snapshot) => toSnapshotMessage(snapshot, poolId));
      return { snapshots, ...withoutUndefined({ nextToken }) };
    },
  };
}

function toFound(found: SnapshotRecord | undefined, poolId: string): SnapshotMessage | null {
  return found === undefined ? null : toSnapshotMessage(found, poolId);
}
