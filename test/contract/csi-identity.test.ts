import { describe, expect, it } from 'vitest';
import type { VolumeCapability } from '../../src/gen/csi/v1/VolumeCapability.ts';
import { type FakeHalves, startFakeServer } from '../support/csi-fake-server.ts';

function withoutFacets({ controller, node }: FakeHalves): FakeHalves {
  return {
    controller: {
      hasTopology: false,
      checkCapabilities: (capabilities) => controller.checkCapabilities(capabilities),
      createVolume: (options, signal) => controller.createVolume(options, signal),
      deleteVolume: (options, signal) => controller.deleteVolume(options, signal),
      getVolume: (options, signal) => controller.getVolume(options, signal),
      listVolumes: (options, signal) => controller.listVolumes(options, signal),
      findObjection: (options, signal) => controller.findObjection(options, signal),
    },
    node: {
      getInfo: async () => ({ nodeId: 'node-a', maxVolumes: 7, topology: undefined }),
      stage: (options, signal) => node.stage(options, signal),
      unstage: (options, signal) => node.unstage(options, signal),
      publish: (options, signal) => node.publish(options, signal),
      unpublish: (options, signal) => node.unpublish(options, signal),
      getStats: (options, signal) => node.getStats(options, signal),
    },
  };
}

function withPlacesAlone(halves: FakeHalves): FakeHalves {
  const { controller, node } = withoutFacets(halves);
  return { controller: { ...controller, hasTopology: true }, node };
}

function withoutPlaces({ controller, node }: FakeHalves): FakeHalves {
  return { controller: { ...controller, hasTopology: false }, node };
}

function typesOf(response: {
  readonly capabilities: readonly { readonly rpc?: { readonly type: string } | null }[];
}): string[] {
  return response.capabilities.map(({ rpc }) => rpc?.type ?? '').sort();
}

describe('Identity', () => {
  it('tells name and version', async () => {
    await using server = await startFakeServer();

    expect(await server.clients.identity.GetPluginInfo({})).toMatchObject({
      name: 'fake.stowage.dev',
      vendorVersion: '1.2.3',
    });
  });

  it.each([true, false])('answers Probe with OK and ready=%s', async (ready) => {
    await using server = await startFakeServer({ ready: () => ready });

    expect(await server.clients.identity.Probe({})).toEqual({ ready: { value: ready } });
  });

  it('announces places and online growth for a backend that has them', async () => {
    await using server = await startFakeServer();

    const { capabilities } = await server.clients.identity.GetPluginCapabilities({});

    expect(
      capabilities.map(({ service, volumeExpansion }) => service?.type ?? volumeExpansion?.type),
    ).toEqual([
      'CONTROLLER_SERVICE',
      'VOLUME_ACCESSIBILITY_CONSTRAINTS',
      'SNAPSHOT_ACCESSIBILITY_CONSTRAINTS',
      'ONLINE',
    ]);
  });

  it.each<[string, (halves: FakeHalves) => FakeHalves, string[]]>([
    ['has places but no snapshots', withPlacesAlone, ['VOLUME_ACCESSIBILITY_CONSTRAINTS']],
    ['has snapshots but no places', withoutPlaces, []],
  ])('announces no places of snapshots for a backend that %s', async (_, adapt, places) => {
    await using server = await startFakeServer({ adapt });

    const { capabilities } = await server.clients.identity.GetPluginCapabilities({});

    expect(capabilities.flatMap(({ service }) => service?.type ?? [])).toEqual([
      'CONTROLLER_SERVICE',
      ...places,
    ]);
  });

  it('announces the controller alone for a backend that has neither', async () => {
    await using server = await startFakeServer({ adapt: withoutFacets });

    const { capabilities } = await server.clients.identity.GetPluginCapabilities({});

    expect(capabilities.map(({ service }) => service?.type)).toEqual(['CONTROLLER_SERVICE']);
  });
});

describe('capabilities', () => {
  it('follow from the facets: all of them', async () => {
    await using server = await startFakeServer();

    expect(typesOf(await server.clients.controller.ControllerGetCapabilities({}))).toEqual([
      'CLONE_VOLUME',
      'CREATE_DELETE_SNAPSHOT',
      'CREATE_DELETE_VOLUME',
      'EXPAND_VOLUME',
      'GET_CAPACITY',
      'GET_SNAPSHOT',
      'GET_VOLUME',
      'GET_VOLUME_HEALTH',
      'LIST_SNAPSHOTS',
      'LIST_VOLUMES',
      'LIST_VOLUME_HEALTH',
      'SINGLE_NODE_MULTI_WRITER',
    ]);
    expect(typesOf(await server.clients.node.NodeGetCapabilities({}))).toEqual([
      'EXPAND_VOLUME',
      'GET_STORAGE_HEALTH',
      'GET_VOLUME_HEALTH',
      'GET_VOLUME_STATS',
      'SINGLE_NODE_MULTI_WRITER',
      'STAGE_UNSTAGE_VOLUME',
    ]);
  });

  it('follow from the facets: none of them', async () => {
    await using server = await startFakeServer({ adapt: withoutFacets });

    expect(typesOf(await server.clients.controller.ControllerGetCapabilities({}))).toEqual([
      'CREATE_DELETE_VOLUME',
      'GET_VOLUME',
      'LIST_VOLUMES',
      'SINGLE_NODE_MULTI_WRITER',
    ]);
    expect(typesOf(await server.clients.node.NodeGetCapabilities({}))).toEqual([
      'GET_VOLUME_STATS',
      'SINGLE_NODE_MULTI_WRITER',
      'STAGE_UNSTAGE_VOLUME',
    ]);
  });

  it('say what is refused: a method without its facet is not implemented, whatever the request', async () => {
    await using server = await startFakeServer({ adapt: withoutFacets });
    const { controller, node } = server.clients;

    const calls = [
      controller.CreateSnapshot({}),
      controller.DeleteSnapshot({}),
      controller.GetSnapshot({}),
      controller.ListSnapshots({}),
      controller.ControllerExpandVolume({}),
      controller.GetCapacity({}),
      controller.ControllerGetVolumeHealth({}),
      controller.ControllerListVolumeHealth({}),
      controller.ControllerPublishVolume({}),
      controller.ControllerUnpublishVolume({}),
      controller.ControllerModifyVolume({}),
      node.NodeExpandVolume({}),
      node.NodeGetVolumeHealth({}),
      node.NodeGetStorageHealth({}),
    ];

    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });

  it('decide which sources a volume can have', async () => {
    await using server = await startFakeServer({ adapt: withoutFacets });
    const volumeCapabilities: VolumeCapability[] = [
      { block: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } },
    ];

    for (const volumeContentSource of [{ snapshot: { snapshotId: 's' } }, { volume: { volumeId: 'v' } }]) {
      await expect(
        server.clients.controller.CreateVolume({ name: 'v', volumeCapabilities, volumeContentSource }),
      ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });
});
