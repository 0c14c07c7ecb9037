import { describe, expect, test } from 'vitest';
import { toRequest } from '../../../test/support/volume-request.ts';
import type { CreateVolumeOptions } from '../backend.ts';
import { ask, type Cluster, createCluster, GIB, on } from './controller.fixture.ts';
import { toTopology } from './topology.ts';

const { signal } = new AbortController();

describe('sources', () => {
  test('a copy goes to the place of its source', async () => {
    const { controller } = createCluster();
    const source = await controller.createVolume(ask({ name: 'source', topology: on('a') }), signal);
    const from = { source: { kind: 'volume', id: source.id } } as const;

    for (const name of ['c1', 'c2', 'c3', 'c4']) {
      const copy = await controller.createVolume(ask({ name, ...from, topology: on('a', 'b') }), signal);
      expect(copy.accessibleTopology).toEqual([toTopology('a')]);
    }
  });

  test.each<[string, Partial<CreateVolumeOptions>, keyof Cluster['stores']]>([
    ['another pool', { parameters: { pool: 'slow' } }, 'slowA'],
    ['another node', { topology: on('b') }, 'fastB'],
  ])('a copy to %s is made from content that is sent there', async (_, overrides, place) => {
    const { controller, stores } = createCluster();
    const source = await controller.createVolume(ask({ name: 'source', topology: on('a') }), signal);
    const from = { kind: 'volume', id: source.id } as const;

    const copy = await controller.createVolume(ask({ ...overrides, source: from }), signal);

    await expect(stores[place].findVolume({ id: copy.id }, signal)).resolves.toMatchObject({ source: from });
    await expect(controller.createVolume(ask({ ...overrides, source: from }), signal)).resolves.toEqual(copy);
  });

  test('a copy goes elsewhere when there is no room beside its source', async () => {
    const { controller } = createCluster();
    const range = { requiredBytes: 8 * GIB, limitBytes: undefined };
    const source = await controller.createVolume(ask({ name: 'large', range, topology: on('a') }), signal);

    const copy = await controller.createVolume(
      ask({ range, source: { kind: 'volume', id: source.id }, topology: on('a', 'b') }),
      signal,
    );

    expect(copy.accessibleTopology).toEqual([toTopology('b')]);
  });

  test('the store is told where the source is, and for which volume it gets it', async () => {
    const { controller, origins } = createCluster();
    const source = await controller.createVolume(ask({ name: 'source', topology: on('a') }), signal);
    const from = { kind: 'volume', id: source.id } as const;

    await controller.createVolume(ask({ source: from, topology: on('a', 'b') }), signal);
    await controller.createVolume(ask({ name: 'pvc-2', source: from, topology: on('b') }), signal);

    expect(origins).toEqual([
      {
        source: from,
        from: { nodeName: 'a', poolId: 'aaaaaaaa' },
        target: { nodeName: 'b', poolId: 'bbbbbbbb', volumeName: 'pvc-2' },
      },
    ]);
  });

  test('a copy waits for a source that cannot be reached', async () => {
    const { controller, unavailable } = createCluster();
    const source = await controller.createVolume(ask({ name: 'source', topology: on('a') }), signal);
    unavailable.add('aaaaaaaa');

    await expect(
      controller.createVolume(ask({ source: { kind: 'volume', id: source.id }, topology: on('b') }), signal),
    ).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
  });

  test('a copy is made from a volume or snapshot of another driver', async () => {
    const { controller, stores, elsewhere, origins } = createCluster();
    const source = await elsewhere.createVolume(toRequest('theirs'), signal);
    const snapshot = await elsewhere.createSnapshot({ name: 's', sourceVolumeId: source.id }, signal);
    const from = { kind: 'snapshot', id: snapshot.id } as const;

    const copy = await controller.createVolume(ask({ source: from, topology: on('b') }), signal);

    await expect(stores.fastB.findVolume({ id: copy.id }, signal)).resolves.toMatchObject({ source: from });
    expect(origins).toMatchObject([
      { source: from, from: { nodeName: 'server', poolId: 'dddddddd' }, target: { poolId: 'bbbbbbbb' } },
    ]);
    // What the other driver has is nothing that this one would list, or delete.
    const { entries } = await controller.listVolumes({ maxEntries: 10, startingToken: undefined }, signal);
    expect(entries.map(({ id }) => id)).toEqual([copy.id]);
    await controller.deleteVolume({ volumeId: source.id }, signal);
    await expect(elsewhere.findVolume({ id: source.id }, signal)).resolves.toBeDefined();
  });

  test('a copy waits for a source of another driver that cannot be reached', async () => {
    const { controller, elsewhere, unavailable } = createCluster();
    const { id } = await elsewhere.createVolume(toRequest('theirs'), signal);
    unavailable.add('dddddddd');

    await expect(
      controller.createVolume(ask({ source: { kind: 'volume', id } }), signal),
    ).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
    });
  });
});
