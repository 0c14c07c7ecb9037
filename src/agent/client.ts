import { withoutUndefined } from '../base/defined.ts';
import { DriverError } from '../domain/errors.ts';
import type { FileStore, StoreAbilities } from '../filestore/file-store.ts';
import type { AgentDefinition } from '../gen/stowage/agent/v1/Agent.ts';
import type { ClientMethods } from '../rpc/service.ts';
import type { NameQuestions } from './name-questions.ts';
import { collectPages } from './pages.ts';
import { fromStorageHealth, fromVolumeHealth } from './translate/health.ts';
import { fromSnapshotMessage, fromVolumeMessage } from './translate/records.ts';
import { toCreateVolumeMessage, toRangeMessage } from './translate/requests.ts';
import { fromRoomMessage, fromUsageMessage } from './translate/room.ts';

/** Verbs that promise to answer with a record, and one that did not. */
const EMPTY =
  'An agent answered without a record: controller and agent are probably of releases that do not fit.';

/** Which pool of which agent. */
export interface RemoteStoreOptions {
  readonly poolId: string;
  readonly abilities: StoreAbilities;
  /** Checks who answers, and throws DriverError (connection.ts). */
  readonly agent: ClientMethods<AgentDefinition>;
  /** Shared by all pools of the agent. */
  readonly names: NameQuestions;
}

/**
 * The FileStore of another machine: each method is one call of its agent, or a part of one. A signal that aborts ends the wait; what the agent began goes on there, and
 * the same call again joins it.
 */
export function createRemoteStore({ poolId, abilities, agent, names }: RemoteStoreOptions): FileStore {
  const toVolume = (message: Parameters<typeof fromVolumeMessage>[0] | null) => {
    if (message === null) throw new DriverError('INTERNAL', EMPTY);
    return fromVolumeMessage(message, poolId);
  };
  const toSnapshot = (message: Parameters<typeof fromSnapshotMessage>[0] | null) => {
    if (message === null) throw new DriverError('INTERNAL', EMPTY);
    return fromSnapshotMessage(message, poolId);
  };
  return {
    poolId,
    abilities,

    async createVolume(request, signal) {
      const { volume } = await agent.CreateVolume(toCreateVolumeMessage(request, poolId), { signal });
      return toVolume(volume);
    },
    async deleteVolume({ id }, signal) {
      await agent.DeleteVolume({ poolId, volumeId: id }, { signal });
    },
    async findVolume({ id }, signal) {
      const { volume } = await agent.FindVolume({ poolId, volumeId: id }, { signal });
      return volume === null ? undefined : toVolume(volume);
    },
    async findVolumeByName({ name }, signal) {
      return await names.findVolume({ poolId, name }, signal);
    },
    async listVolumes(page, signal) {
      return await collectPages(page, async ({ maxEntries, startingToken }) => {
        const request = { poolId, maxEntries, ...withoutUndefined({ startingToken }) };
        const { volumes, nextToken } = await agent.ListVolumes(request, { signal });
        return { entries: volumes.map(toVolume), nextToken };
      });
    },
    async expandVolume({ id, range }, signal) {
      const request = { poolId, volumeId: id, range: toRangeMessage(range) };
      const { volume } = await agent.ExpandVolume(request, { signal });
      return toVolume(volume);
    },

    async createSnapshot({ name, sourceVolumeId }, signal) {
      const { snapshot } = await agent.CreateSnapshot({ poolId, name, sourceVolumeId }, { signal });
      return toSnapshot(snapshot);
    },
    async deleteSnapshot({ id }, signal) {
      await agent.DeleteSnapshot({ poolId, snapshotId: id }, { signal });
    },
    async findSnapshot({ id }, signal) {
      const { snapshot } = await agent.FindSnapshot({ poolId, snapshotId: id }, { signal });
      return snapshot === null ? undefined : toSnapshot(snapshot);
    },
    async findSnapshotByName({ name }, signal) {
      return await names.findSnapshot({ poolId, name }, signal);
    },
    async listSnapshots({ sourceVolumeId, ...page }, signal) {
      return await collectPages(page, async ({ maxEntries, startingToken }) => {
        const request = { poolId, maxEntries, ...withoutUndefined({ startingToken, sourceVolumeId }) };
        const { snapshots, nextToken } = await agent.ListSnapshots(request, { signal });
        return { entries: snapshots.map(toSnapshot), nextToken };
      });
    },

    async getRoom(signal) {
      const { room } = await agent.GetRoom({ poolId }, { signal });
      return fromRoomMessage(room);
    },
    async getUsage({ id }, signal) {
      return fromUsageMessage(await agent.GetUsage({ poolId, volumeId: id }, { signal }));
    },
    async getVolumeHealth({ id }, signal) {
      const { statuses } = await agent.GetVolumeHealth({ poolId, volumeId: id }, { signal });
      return fromVolumeHealth(statuses);
    },
    async getHealth(signal) {
      const { statuses } = await agent.GetHealth({ poolId }, { signal });
      return fromStorageHealth(statuses);
    },
  };
}
