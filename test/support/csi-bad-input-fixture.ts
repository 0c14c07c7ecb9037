import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Topology__Output } from '../../src/gen/csi/v1/Topology.ts';
import type { VolumeCapability } from '../../src/gen/csi/v1/VolumeCapability.ts';
import type { CsiClients, Outcome } from './csi-clients.ts';

/** What bad requests are sent to. */
export interface BadInputTarget {
  readonly clients: CsiClients;
  /** Where staging and target directories may be made. Whoever made it removes it. */
  readonly directory: string;
  /** StorageClass parameters of small volumes for mount access. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly sizeBytes: number;
  /** An existing file outside of everything that the driver may touch. */
  readonly outsidePath: string;
}

/** A volume that is staged and published, a snapshot of it, and how to ask about them properly. */
export interface BadInputFixture {
  readonly volumeId: string;
  readonly snapshotId: string;
  /** A valid request for the method, with new names, and what undoes a call that was let through. */
  prepare(method: string): Promise<Prepared>;
  /** Throws unless the volume and the snapshot are there and the volume is mounted where it was. */
  verify(): Promise<void>;
  /** Takes everything down again. */
  dispose(): Promise<void>;
}

export interface Prepared {
  readonly request: object;
  /** `sent` is what was sent in the place of `request`. */
  readonly undo: (sent: Readonly<Record<string, unknown>>, outcome: Outcome) => Promise<void>;
}

const CAPABILITY: VolumeCapability = {
  mount: { fsType: '', mountFlags: [] },
  accessMode: { mode: 'SINGLE_NODE_MULTI_WRITER' },
};

/** Makes the volume and the snapshot, and mounts the volume. */
export async function createBadInputFixture(target: BadInputTarget): Promise<BadInputFixture> {
  const { clients, directory } = target;
  const { controller, node } = clients;
  const { accessibleTopology } = await node.NodeGetInfo({});
  const makeVolume = (): object => createVolumeRequest(target, accessibleTopology);
  const create = async (): Promise<{ volumeId: string; volumeContext: Record<string, string> }> => {
    const { volume } = await controller.CreateVolume(makeVolume());
    if (volume === null) throw new Error('CreateVolume answered without a volume');
    return volume;
  };
  const snapshot = async (sourceVolumeId: string): Promise<string> => {
    const name = `bad-input-${randomUUID()}`;
    const response = await controller.CreateSnapshot({ name, sourceVolumeId });
    return response.snapshot?.snapshotId ?? '';
  };

  const { volumeId, volumeContext } = await create();
  const stagingTargetPath = join(directory, 'staging');
  const targetPath = join(directory, 'target');
  await mkdir(stagingTargetPath, { recursive: true });
  const staged = { volumeId, stagingTargetPath, volumeCapability: CAPABILITY, volumeContext };
  const published = { ...staged, targetPath };
  await node.NodeStageVolume(staged);
  await node.NodePublishVolume(published);
  const snapshotId = await snapshot(volumeId);

  const nothing = async (): Promise<void> => {};
  const plain = (request: object) => async (): Promise<Prepared> => ({ request, undo: nothing });
  const removing = async (id: string): Promise<void> => {
    await controller.DeleteVolume({ volumeId: id });
  };
  const requests: Readonly<Record<string, () => Promise<Prepared>>> = {
    CreateVolume: async () => ({
      request: makeVolume(),
      undo: (_, { response }) => removing(idIn(response['volume'], 'volumeId')),
    }),
    DeleteVolume: async () => {
      const doomed = await create();
      return { request: { volumeId: doomed.volumeId }, undo: () => removing(doomed.volumeId) };
    },
    CreateSnapshot: async () => ({
      request: { name: `bad-input-${randomUUID()}`, sourceVolumeId: volumeId },
      undo: async (_, { response }) => {
        await controller.DeleteSnapshot({ snapshotId: idIn(response['snapshot'], 'snapshotId') });
      },
    }),
    DeleteSnapshot: async () => {
      const doomed = await snapshot(volumeId);
      const request = { snapshotId: doomed };
      return { request, undo: async () => void (await controller.DeleteSnapshot(request)) };
    },
    NodeStageVolume: async () => ({
      request: staged,
      undo: async (sent) => {
        if (sent['stagingTargetPath'] === stagingTargetPath) return;
        await node.NodeUnstageVolume({
          volumeId,
          stagingTargetPath: String(sent['stagingTargetPath']),
        });
      },
    }),
    NodePublishVolume: async () => ({
      request: published,
      undo: async (sent) => {
        if (sent['targetPath'] === targetPath) return;
        await node.NodeUnpublishVolume({ volumeId, targetPath: String(sent['targetPath']) });
      },
    }),
    NodeUnstageVolume: plain({ volumeId, stagingTargetPath }),
    NodeUnpublishVolume: plain({ volumeId, targetPath }),
    NodeGetVolumeStats: plain({ volumeId, volumePath: targetPath }),
    NodeExpandVolume: plain({ volumeId, volumePath: targetPath, volumeCapability: CAPABILITY }),
    NodeGetVolumeHealth: plain({ volumeId }),
    NodeGetStorageHealth: plain({}),
    ControllerGetVolume: plain({ volumeId }),
    ControllerGetVolumeHealth: plain({ volumeId }),
    ControllerListVolumeHealth: plain({}),
    ControllerExpandVolume: plain({
      volumeId,
      capacityRange: { requiredBytes: target.sizeBytes },
      volumeCapability: CAPABILITY,
    }),
    ValidateVolumeCapabilities: plain({
      volumeId,
      volumeCapabilities: [CAPABILITY],
      volumeContext,
      parameters: target.parameters,
    }),
    ListVolumes: plain({}),
    ListSnapshots: plain({}),
    GetSnapshot: plain({ snapshotId }),
    GetCapacity: plain({ volumeCapabilities: [CAPABILITY], parameters: target.parameters }),
    ControllerPublishVolume: plain({ volumeId, nodeId: 'node', volumeCapability: CAPABILITY }),
    ControllerUnpublishVolume: plain({ volumeId, nodeId: 'node' }),
    ControllerModifyVolume: plain({ volumeId, mutableParameters: { key: 'value' } }),
  };

  return {
    volumeId,
    snapshotId,
    async prepare(method) {
      const make = requests[method];
      if (make === undefined) throw new Error(`Say how a valid request for ${method} is made.`);
      return await make();
    },
    async verify() {
      await controller.ControllerGetVolume({ volumeId });
      await controller.GetSnapshot({ snapshotId });
      for (const volumePath of [targetPath, stagingTargetPath])
        await node.NodeGetVolumeStats({ volumeId, volumePath });
    },
    async dispose() {
      await node.NodeUnpublishVolume({ volumeId, targetPath });
      await node.NodeUnstageVolume({ volumeId, stagingTargetPath });
      await controller.DeleteSnapshot({ snapshotId });
      await removing(volumeId);
    },
  };
}

function createVolumeRequest(target: BadInputTarget, topology: Topology__Output | null): object {
  const places = topology === null ? [] : [topology];
  return {
    name: `bad-input-${randomUUID()}`,
    capacityRange: { requiredBytes: target.sizeBytes },
    volumeCapabilities: [CAPABILITY],
    parameters: target.parameters,
    accessibilityRequirements: { requisite: places, preferred: places },
  };
}

function idIn(message: unknown, field: string): string {
  if (typeof message !== 'object' || message === null) throw new Error(`no message with ${field}`);
  return String((message as Readonly<Record<string, unknown>>)[field]);
}
