import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VolumeCapability } from '../../src/gen/csi/v1/VolumeCapability.ts';
import type { CsiClients } from '../support/csi-clients.ts';
import { type FakeServer, startFakeServer } from '../support/csi-fake-server.ts';

const MOUNT: VolumeCapability = { mount: {}, accessMode: { mode: 'SINGLE_NODE_MULTI_WRITER' } };
const ALONE: VolumeCapability = { mount: {}, accessMode: { mode: 'SINGLE_NODE_SINGLE_WRITER' } };

let server: FakeServer;
let clients: CsiClients;
let node: CsiClients['node'];

beforeAll(async () => {
  server = await startFakeServer();
  clients = server.clients;
  node = clients.node;
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

interface Staged {
  readonly volumeId: string;
  readonly stagingTargetPath: string;
  readonly volumeCapability: VolumeCapability;
}

async function stage(name: string, volumeCapability = MOUNT): Promise<Staged> {
  const { volume } = await clients.controller.CreateVolume({
    name,
    volumeCapabilities: [volumeCapability],
    capacityRange: { requiredBytes: 4096 },
  });
  const staged = {
    volumeId: volume?.volumeId ?? '',
    stagingTargetPath: `/staging/${name}`,
    volumeCapability,
  };
  await node.NodeStageVolume({ ...staged, volumeContext: volume?.volumeContext ?? {} });
  return staged;
}

describe('NodeGetInfo', () => {
  it('tells id and place', async () => {
    expect(await node.NodeGetInfo({})).toEqual({
      nodeId: 'node-a',
      maxVolumesPerNode: '0',
      accessibleTopology: { segments: { 'topology.fake.stowage.dev/node': 'node-a' } },
    });
  });
});

describe('the life of a volume on a node', () => {
  it('goes through every step twice', async () => {
    const staged = await stage('life');
    const published = { ...staged, targetPath: '/target/life' };
    const { volumeId, stagingTargetPath } = staged;

    for (const _ of [1, 2]) await node.NodeStageVolume(staged);
    for (const _ of [1, 2]) await node.NodePublishVolume(published);
    const { usage } = await node.NodeGetVolumeStats({ volumeId, volumePath: '/target/life' });
    const grown = await node.NodeExpandVolume({ volumeId, volumePath: '/target/life' });
    for (const _ of [1, 2]) await node.NodeUnpublishVolume({ volumeId, targetPath: '/target/life' });
    for (const _ of [1, 2]) await node.NodeUnstageVolume({ volumeId, stagingTargetPath });
    for (const _ of [1, 2]) await clients.controller.DeleteVolume({ volumeId });

    expect(usage).toEqual([
      { unit: 'BYTES', total: '4096', used: '0', available: '4096' },
      { unit: 'INODES', total: '10', used: '1', available: '9' },
    ]);
    expect(grown).toEqual({ capacityBytes: '4096' });
    expect(server.storage.isInUse(volumeId)).toBe(false);
  });

  it('cannot be staged or published differently at the same path', async () => {
    const staged = await stage('differently');
    await node.NodePublishVolume({ ...staged, targetPath: '/target/differently' });

    await expect(node.NodeStageVolume({ ...staged, volumeCapability: ALONE })).rejects.toMatchObject({
      details: { status: 'ALREADY_EXISTS' },
    });
    await expect(
      node.NodePublishVolume({ ...staged, targetPath: '/target/differently', readonly: true }),
    ).rejects.toMatchObject({ details: { status: 'ALREADY_EXISTS' } });
  });

  it('can have one target when it is for one writer', async () => {
    const staged = await stage('alone', ALONE);
    await node.NodePublishVolume({ ...staged, targetPath: '/target/alone' });

    await expect(node.NodePublishVolume({ ...staged, targetPath: '/target/other' })).rejects.toMatchObject({
      details: { status: 'FAILED_PRECONDITION' },
    });
  });

  it('needs a staging path to be published', async () => {
    const { volumeId, volumeCapability } = await stage('unstaged');

    for (const stagingTargetPath of ['', '/not/staged']) {
      await expect(
        node.NodePublishVolume({ volumeId, volumeCapability, targetPath: '/t', stagingTargetPath }),
      ).rejects.toMatchObject({ details: { status: 'FAILED_PRECONDITION' } });
    }
  });
});

describe('NodeGetVolumeStats and NodeExpandVolume', () => {
  it.each(['some/path', '/nowhere', '/', '/a/../b', '\0'])(
    'find no volume at %j, live or not',
    async (volumePath) => {
      const { volumeId } = await stage(`lost at ${volumePath.replace('\0', 'NUL')}`.replaceAll('/', '-'));

      for (const id of [volumeId, 'fake-vol-id']) {
        const request = { volumeId: id, volumePath };
        await expect(node.NodeGetVolumeStats(request)).rejects.toMatchObject({
          details: { status: 'NOT_FOUND' },
        });
        await expect(node.NodeExpandVolume(request)).rejects.toMatchObject({
          details: { status: 'NOT_FOUND' },
        });
      }
    },
  );
});

describe('health', () => {
  it('needs no path', async () => {
    const { volumeId } = await stage('healthy');

    expect(await node.NodeGetVolumeHealth({ volumeId })).toEqual({
      volumeHealth: { volumeId, healthStatuses: [] },
    });
    expect(await node.NodeGetStorageHealth({})).toEqual({ backendHealth: [] });
  });
});

describe('a group that a volume is to be of', () => {
  const grouped: VolumeCapability = { ...MOUNT, mount: { volumeMountGroup: '1234' } };

  it('is refused where the driver does not announce that it takes one', async () => {
    const staged = await stage('ungrouped');

    for (const call of [
      node.NodeStageVolume({ ...staged, volumeCapability: grouped }),
      node.NodePublishVolume({ ...staged, targetPath: '/target/ungrouped', volumeCapability: grouped }),
    ]) {
      await expect(call).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('VOLUME_MOUNT_GROUP'),
      });
    }
  });

  it('is a number for a driver that does', async () => {
    const groups: unknown[] = [];
    const grouping = await startFakeServer({
      adapt: (halves) => ({
        ...halves,
        node: {
          ...halves.node,
          mountGroup: { supported: true },
          stage: async ({ capability: { access } }) => {
            await Promise.resolve(groups.push(access.kind === 'mount' ? access.mountGroup : undefined));
          },
        },
      }),
    });
    try {
      const call = async (volumeCapability: VolumeCapability) =>
        await grouping.clients.node.NodeStageVolume({
          volumeId: 'v',
          stagingTargetPath: '/staging/v',
          volumeCapability,
        });

      await call(grouped);
      await call(MOUNT);
      await expect(call({ ...MOUNT, mount: { volumeMountGroup: '4294967295' } })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });

      expect(groups).toEqual([1234, undefined]);
    } finally {
      await grouping[Symbol.asyncDispose]();
    }
  });
});
