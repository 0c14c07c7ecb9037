import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CreateVolumeRequest } from '../../src/gen/csi/v1/CreateVolumeRequest.ts';
import type { Volume__Output } from '../../src/gen/csi/v1/Volume.ts';
import type { CsiClients } from '../support/csi-clients.ts';
import { type FakeServer, startFakeServer } from '../support/csi-fake-server.ts';

const GIB = 2 ** 30;
const WRITER = { mode: 'SINGLE_NODE_WRITER' } as const;
const MOUNT = { mount: {}, accessMode: WRITER };
const HERE = { segments: { 'topology.fake.stowage.dev/node': 'node-a' } };
const ELSEWHERE = { segments: { 'topology.fake.stowage.dev/node': 'node-b' } };

let server: FakeServer;
let controller: CsiClients['controller'];

beforeAll(async () => {
  server = await startFakeServer();
  controller = server.clients.controller;
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

async function create(name: string, extra: CreateVolumeRequest = {}): Promise<Volume__Output> {
  const { volume } = await controller.CreateVolume({ name, volumeCapabilities: [MOUNT], ...extra });
  if (volume === null) throw new Error('no volume in the answer');
  return volume;
}

async function snapshot(name: string, sourceVolumeId: string): Promise<string> {
  const response = await controller.CreateSnapshot({ name, sourceVolumeId });
  return response.snapshot?.snapshotId ?? '';
}

describe('CreateVolume', () => {
  it('makes exactly the size that was asked for and says where it is', async () => {
    const volume = await create('exact', { capacityRange: { requiredBytes: 12_345 } });

    expect(volume).toMatchObject({ capacityBytes: '12345', accessibleTopology: [HERE], contentSource: null });
  });

  it('gives the same volume for the same request', async () => {
    const [first, second] = [await create('twice'), await create('twice')];

    expect(second).toEqual(first);
  });

  it.each([
    ['another size', { capacityRange: { requiredBytes: 2 * GIB } }],
    ['another access type', { volumeCapabilities: [{ block: {}, accessMode: WRITER }] }],
    ['other parameters', { parameters: { pool: 'main' } }],
  ])('refuses the name of a volume with %s', async (what, extra) => {
    await create(`taken by ${what}`, { capacityRange: { requiredBytes: GIB, limitBytes: GIB } });

    await expect(
      create(`taken by ${what}`, { capacityRange: { requiredBytes: GIB }, ...extra }),
    ).rejects.toMatchObject({ details: { status: 'ALREADY_EXISTS' } });
  });

  it('fills a volume from a snapshot or a volume and says so', async () => {
    const { volumeId } = await create('source');
    const snapshotId = await snapshot('of source', volumeId);
    const sources = [{ snapshot: { snapshotId } }, { volume: { volumeId } }];

    for (const [index, volumeContentSource] of sources.entries()) {
      const { contentSource } = await create(`filled ${index}`, { volumeContentSource });
      expect(contentSource).toMatchObject(volumeContentSource);
    }
  });

  const refusals: readonly (readonly [string, CreateVolumeRequest, string])[] = [
    ['a negative size', { capacityRange: { requiredBytes: -1 } }, 'INVALID_ARGUMENT'],
    ['a range without bounds', { capacityRange: {} }, 'INVALID_ARGUMENT'],
    [
      'a limit below what is required',
      { capacityRange: { requiredBytes: 2, limitBytes: 1 } },
      'INVALID_ARGUMENT',
    ],
    [
      'a size beyond all numbers',
      { capacityRange: { requiredBytes: '9223372036854775807' } },
      'OUT_OF_RANGE',
    ],
    ['a size beyond the pool', { capacityRange: { requiredBytes: 2 ** 50 } }, 'RESOURCE_EXHAUSTED'],
    ['an unknown parameter', { parameters: { pol: 'main' } }, 'INVALID_ARGUMENT'],
    ['mutable parameters', { mutableParameters: { iops: '1' } }, 'INVALID_ARGUMENT'],
    ['a source that is none', { volumeContentSource: {} }, 'INVALID_ARGUMENT'],
    ['an unknown source', { volumeContentSource: { snapshot: { snapshotId: 'x' } } }, 'NOT_FOUND'],
    [
      'several writing nodes',
      { volumeCapabilities: [{ mount: {}, accessMode: { mode: 'MULTI_NODE_MULTI_WRITER' } }] },
      'INVALID_ARGUMENT',
    ],
    [
      'one impossible capability among others',
      { volumeCapabilities: [MOUNT, { mount: { fsType: 'ntfs' }, accessMode: WRITER }] },
      'INVALID_ARGUMENT',
    ],
    [
      'an access mode of a later version',
      { volumeCapabilities: [{ mount: {}, accessMode: { mode: 99 as never } }] },
      'INVALID_ARGUMENT',
    ],
    [
      'a place without a pool',
      { accessibilityRequirements: { requisite: [ELSEWHERE] } },
      'RESOURCE_EXHAUSTED',
    ],
  ];

  it.each(refusals)('refuses %s', async (what, extra, status) => {
    await expect(create(`refused: ${what}`, extra)).rejects.toMatchObject({
      details: { status },
      message: expect.stringMatching(/\w{3,}/),
    });
  });

  it('leaves no place to topology when the requirement is empty', async () => {
    await expect(create('anywhere', { accessibilityRequirements: {} })).resolves.toBeDefined();
  });
});

describe('DeleteVolume and DeleteSnapshot', () => {
  it('are fine as often as one likes, and with ids that never were', async () => {
    const { volumeId } = await create('doomed');
    const snapshotId = await snapshot('doomed', volumeId);

    for (const id of [volumeId, volumeId, 'fake-vol-id', '../../etc']) {
      await expect(controller.DeleteVolume({ volumeId: id })).resolves.toEqual({});
    }
    for (const id of [snapshotId, snapshotId, 'reallyfakesnapshotid']) {
      await expect(controller.DeleteSnapshot({ snapshotId: id })).resolves.toEqual({});
    }
  });
});

describe('ControllerGetVolume', () => {
  it('tells volume and status', async () => {
    const volume = await create('told');

    expect(await controller.ControllerGetVolume({ volumeId: volume.volumeId })).toEqual({
      volume,
      status: { publishedNodeIds: [] },
    });
  });

  it('does not know what is gone', async () => {
    await expect(controller.ControllerGetVolume({ volumeId: 'gone' })).rejects.toMatchObject({
      code: 'VOLUME_NOT_FOUND',
    });
  });
});

describe('ValidateVolumeCapabilities', () => {
  it('confirms what holds and echoes what it looked at', async () => {
    const { volumeId, volumeContext } = await create('valid');
    const asked = {
      volumeContext: { ...volumeContext, 'storage.kubernetes.io/csiProvisionerIdentity': 'x' },
      parameters: { pool: 'main' },
    };

    const answer = await controller.ValidateVolumeCapabilities({
      volumeId,
      volumeCapabilities: [MOUNT],
      ...asked,
    });

    expect(answer).toMatchObject({ message: '', confirmed: asked });
    expect(answer.confirmed?.volumeCapabilities).toHaveLength(1);
  });

  it.each([
    [
      'one capability of two',
      { volumeCapabilities: [MOUNT, { block: {}, accessMode: WRITER }] },
      'mount access',
    ],
    [
      'several writing nodes',
      { volumeCapabilities: [{ mount: {}, accessMode: { mode: 'MULTI_NODE_MULTI_WRITER' } }] },
      'NFS',
    ],
    [
      'an unknown file system',
      { volumeCapabilities: [{ mount: { fsType: 'ntfs' }, accessMode: WRITER }] },
      'ext4',
    ],
    ['an unknown parameter', { parameters: { pol: 'x' } }, 'Did you mean "pool"?'],
    ['another context', { volumeContext: { kind: 'block' } }, 'volume_context'],
    ['mutable parameters', { mutableParameters: { iops: '1' } }, 'modified'],
  ] as const)('does not confirm %s, and explains', async (what, extra, sentence) => {
    const { volumeId } = await create(`not valid: ${what}`);

    const answer = await controller.ValidateVolumeCapabilities({
      volumeId,
      volumeCapabilities: [MOUNT],
      ...(extra as object),
    });

    expect(answer.confirmed).toBeNull();
    expect(answer.message).toContain(sentence);
  });

  it('looks the volume up before it judges', async () => {
    await expect(
      controller.ValidateVolumeCapabilities({
        volumeId: 'gone',
        volumeCapabilities: [{ mount: { fsType: 'ntfs' }, accessMode: WRITER }],
      }),
    ).rejects.toMatchObject({ code: 'VOLUME_NOT_FOUND' });
  });
});

describe('listing', () => {
  it('gives everything for 0 entries and pages that survive deletions', async () => {
    for (const name of ['p1', 'p2', 'p3']) await create(name);
    const all = await controller.ListVolumes({});
    const first = await controller.ListVolumes({ maxEntries: 2 });
    await controller.DeleteVolume({ volumeId: first.entries[1]?.volume?.volumeId ?? '' });

    const rest = await controller.ListVolumes({ startingToken: first.nextToken });

    expect(all.nextToken).toBe('');
    expect([...first.entries, ...rest.entries]).toEqual(all.entries);
    expect(rest.nextToken).toBe('');
  });

  it('filters snapshots; filters that match nothing give nothing', async () => {
    const { volumeId } = await create('listed');
    const ids = [await snapshot('l1', volumeId), await snapshot('l2', volumeId)].sort();
    const idsOf = async (filter: object): Promise<(string | undefined)[]> =>
      (await controller.ListSnapshots(filter)).entries.map((entry) => entry.snapshot?.snapshotId);

    expect(await idsOf({ sourceVolumeId: volumeId })).toEqual(ids);
    expect(await idsOf({ snapshotId: ids[0] })).toEqual([ids[0]]);
    expect(await idsOf({ snapshotId: ids[0], sourceVolumeId: 'other' })).toEqual([]);
    expect(await idsOf({ snapshotId: 'none-exist-id' })).toEqual([]);
    expect(await idsOf({ sourceVolumeId: 'none-exist-id' })).toEqual([]);
  });

  it.each(['ListVolumes', 'ListSnapshots', 'ControllerListVolumeHealth'] as const)(
    'answers a bad page of %s',
    async (method) => {
      await expect(controller[method]({ startingToken: 'invalid-token' })).rejects.toMatchObject({
        details: { status: 'ABORTED' },
      });
      await expect(controller[method]({ maxEntries: -1 })).rejects.toMatchObject({
        details: { status: 'INVALID_ARGUMENT' },
      });
    },
  );
});

describe('GetCapacity', () => {
  it('tells the room of the pool, and none elsewhere', async () => {
    const here = await controller.GetCapacity({});
    const elsewhere = await controller.GetCapacity({ accessibleTopology: ELSEWHERE });

    expect(Number(here.availableCapacity)).toBeGreaterThan(0);
    expect(here.maximumVolumeSize).toEqual({ value: here.availableCapacity });
    expect(here.minimumVolumeSize).toBeNull();
    expect(elsewhere.availableCapacity).toBe('0');
  });

  it('takes the raw parameters of a StorageClass', async () => {
    await expect(
      controller.GetCapacity({ parameters: { pool: 'main', 'csi.storage.k8s.io/fstype': 'xfs' } }),
    ).resolves.toBeDefined();
  });

  it('has no room for volumes that cannot be', async () => {
    const answer = await controller.GetCapacity({
      volumeCapabilities: [{ mount: {}, accessMode: { mode: 'MULTI_NODE_MULTI_WRITER' } }],
    });

    expect(answer.availableCapacity).toBe('0');
  });
});

describe('snapshots', () => {
  it('are found by name, also when their source is gone', async () => {
    const { volumeId } = await create('short-lived');
    const first = await controller.CreateSnapshot({ name: 'outlives', sourceVolumeId: volumeId });
    await controller.DeleteVolume({ volumeId });

    const second = await controller.CreateSnapshot({ name: 'outlives', sourceVolumeId: volumeId });

    expect(second).toEqual(first);
    expect(first.snapshot).toMatchObject({
      sourceVolumeId: volumeId,
      readyToUse: true,
      sizeBytes: String(GIB),
      creationTime: { nanos: expect.any(Number) },
    });
    expect(await controller.GetSnapshot({ snapshotId: first.snapshot?.snapshotId ?? '' })).toEqual(first);
  });

  it('say where they are, in every answer', async () => {
    const { volumeId } = await create('placed');
    const cut = await controller.CreateSnapshot({
      name: 'placed',
      sourceVolumeId: volumeId,
      accessibilityRequirements: { requisite: [ELSEWHERE, HERE] },
    });
    const snapshotId = cut.snapshot?.snapshotId ?? '';

    expect(cut.snapshot?.accessibleTopology).toEqual([HERE]);
    expect(await controller.GetSnapshot({ snapshotId })).toEqual(cut);
    expect((await controller.ListSnapshots({ snapshotId })).entries).toEqual([cut]);
  });

  it('have no room where their source is not', async () => {
    const { volumeId } = await create('not there');

    await expect(
      controller.CreateSnapshot({
        name: 'not there',
        sourceVolumeId: volumeId,
        accessibilityRequirements: { requisite: [ELSEWHERE] },
      }),
    ).rejects.toMatchObject({ details: { status: 'RESOURCE_EXHAUSTED' } });
  });

  it('have one source per name', async () => {
    const { volumeId } = await create('s1');
    const other = await create('s2');
    await snapshot('contested', volumeId);

    await expect(snapshot('contested', other.volumeId)).rejects.toMatchObject({
      details: { status: 'ALREADY_EXISTS' },
    });
  });

  it('need a source that exists', async () => {
    await expect(snapshot('of nothing', 'gone')).rejects.toMatchObject({ details: { status: 'NOT_FOUND' } });
  });
});

describe('ControllerExpandVolume', () => {
  it('grows to the byte, and is fine with what is large enough', async () => {
    const { volumeId } = await create('growing', { capacityRange: { requiredBytes: 100 } });
    const grow = (requiredBytes: number) =>
      controller.ControllerExpandVolume({ volumeId, capacityRange: { requiredBytes } });

    expect(await grow(201)).toEqual({ capacityBytes: '201', nodeExpansionRequired: true });
    expect(await grow(150)).toMatchObject({ capacityBytes: '201' });
  });

  it('refuses a capability that the driver cannot have, as a bad argument', async () => {
    const { volumeId } = await create('growing otherwise');

    await expect(
      controller.ControllerExpandVolume({
        volumeId,
        capacityRange: { requiredBytes: 2 * GIB },
        volumeCapability: { mount: {}, accessMode: { mode: 'MULTI_NODE_MULTI_WRITER' } },
      }),
    ).rejects.toMatchObject({ details: { status: 'INVALID_ARGUMENT' } });
  });
});

describe('health', () => {
  it('is an empty list for a volume without faults', async () => {
    const { volumeId } = await create('healthy');

    expect(await controller.ControllerGetVolumeHealth({ volumeId })).toEqual({
      volumeHealth: { volumeId, healthStatuses: [] },
    });
    const { entries } = await controller.ControllerListVolumeHealth({});
    expect(entries).toContainEqual({ volumeId, healthStatuses: [] });
  });
});
