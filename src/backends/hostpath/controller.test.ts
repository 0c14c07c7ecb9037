import { describe, expect, test } from 'vitest';
import { DriverError } from '../../domain/errors.ts';
import type { Topology } from '../../domain/topology.ts';
import type { StoreEntry } from '../../filestore/store-directory.ts';
import { silentLogger } from '../../observability/logger.ts';
import type { CreateVolumeOptions } from '../backend.ts';
import { createHostpathController } from './controller.ts';
import { ask, type Cluster, createCluster, GIB, MIB, mount, on } from './controller.fixture.ts';
import { toTopology } from './topology.ts';

const { signal } = new AbortController();

describe('placement', () => {
  test.each(['a', 'b'])('a volume goes to the node %s that the scheduler chose', async (node) => {
    const { controller } = createCluster();

    const volume = await controller.createVolume(ask({ topology: on(node) }), signal);

    expect(volume.accessibleTopology).toEqual([toTopology(node)]);
  });

  test('preferred places come first, in their order', async () => {
    const { controller } = createCluster();
    const topology = { ...on('a', 'b'), preferred: [toTopology('b'), toTopology('a')] };

    const volume = await controller.createVolume(ask({ topology }), signal);

    expect(volume.accessibleTopology).toEqual([toTopology('b')]);
  });

  test('without a word the name decides, always in the same way, and spreads', async () => {
    const place = async (name: string) =>
      (await createCluster().controller.createVolume(ask({ name }), signal)).id.slice(0, 8);
    const names = Array.from({ length: 20 }, (_, index) => `pvc-${index}`);

    const first = await Promise.all(names.map(place));
    const second = await Promise.all(names.map(place));

    expect(second).toEqual(first);
    expect(new Set(first)).toEqual(new Set(['aaaaaaaa', 'bbbbbbbb']));
  });

  test('a full place is passed over, and where all are full there is no room', async () => {
    const { controller } = createCluster();
    const sized = (name: string, bytes: number) =>
      ask({ name, range: { requiredBytes: bytes, limitBytes: undefined } });

    const large = await controller.createVolume(sized('large', 15 * GIB), signal);

    expect(large.accessibleTopology).toEqual([toTopology('b')]);
    await expect(controller.createVolume(sized('huge', 15 * GIB), signal)).rejects.toMatchObject({
      code: 'NO_ROOM',
    });
  });

  test.each<[string, Partial<CreateVolumeOptions>]>([
    ['a node without the pool', { parameters: { pool: 'slow' }, topology: on('b') }],
    ['an unknown node', { topology: on('z') }],
    ['somebody else’s topology', { topology: { requisite: [{ zone: 'x' }], preferred: [] } }],
    ['a pool that nobody has', { parameters: { pool: 'tape' } }],
    [
      'no room on the chosen node',
      { topology: on('a'), range: { requiredBytes: 15 * GIB, limitBytes: undefined } },
    ],
  ])('%s: there is no room, and nothing is made elsewhere', async (_, overrides) => {
    const { controller } = createCluster();

    await expect(controller.createVolume(ask(overrides), signal)).rejects.toMatchObject({ code: 'NO_ROOM' });

    const all = await controller.listVolumes({ maxEntries: 0, startingToken: undefined }, signal);
    expect(all.entries).toEqual([]);
  });

  test('a pool has to be named where there are several', async () => {
    const { controller } = createCluster();

    await expect(controller.createVolume(ask({ parameters: {} }), signal)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('fast, slow'),
    });
  });

  test('the chosen place does not answer: nothing is made elsewhere', async () => {
    const { controller, unavailable } = createCluster();
    unavailable.add('aaaaaaaa');

    await expect(controller.createVolume(ask({ topology: on('a') }), signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining('Its disk is not mounted.'),
    });
  });

  test('another place that does not answer is of no matter', async () => {
    const { controller, stores } = createCluster();
    stores.fastA.failWith(new DriverError('POOL_UNAVAILABLE', 'It hangs.'));

    await expect(controller.createVolume(ask({ topology: on('b') }), signal)).resolves.toMatchObject({
      accessibleTopology: [toTopology('b')],
    });
  });

  test('a volume of the name is found wherever it is', async () => {
    const { controller } = createCluster();
    const made = await controller.createVolume(ask({ topology: on('b') }), signal);

    await expect(controller.createVolume(ask(), signal)).resolves.toEqual(made);
    for (const elsewhere of [ask({ topology: on('a') }), ask({ parameters: { pool: 'slow' } })]) {
      await expect(controller.createVolume(elsewhere, signal)).rejects.toMatchObject({
        code: 'VOLUME_INCOMPATIBLE',
      });
    }
  });
});

describe('the place of a snapshot', () => {
  test('is the node of its source, also when several would do', async () => {
    const { controller } = createCluster();
    const source = await controller.createVolume(ask({ topology: on('b') }), signal);
    const topology = { ...on('a', 'b'), preferred: [toTopology('a')] };

    await expect(
      controller.snapshots?.createSnapshot(
        { name: 's', sourceVolumeId: source.id, parameters: {}, topology },
        signal,
      ),
    ).resolves.toMatchObject({ accessibleTopology: [toTopology('b')] });
  });

  test('cannot be another node, and the answer says which it is', async () => {
    const { controller } = createCluster();
    const source = await controller.createVolume(ask({ topology: on('b') }), signal);

    await expect(
      controller.snapshots?.createSnapshot(
        { name: 's', sourceVolumeId: source.id, parameters: {}, topology: on('a') },
        signal,
      ),
    ).rejects.toMatchObject({ code: 'NO_ROOM', message: expect.stringContaining('pool fast on node b') });
  });
});

describe('capabilities', () => {
  const block = { access: { kind: 'block' }, mode: 'SINGLE_NODE_WRITER' } as const;
  const discard = { access: { ...mount, mountFlags: ['discard'] }, mode: 'SINGLE_NODE_WRITER' } as const;

  test.each(['MULTI_NODE_SINGLE_WRITER', 'MULTI_NODE_MULTI_WRITER'] as const)(
    'mode %s is refused, and the answer named',
    (mode) => {
      expect(() => createCluster().controller.checkCapabilities([{ access: mount, mode }])).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringContaining('nfs.stowage.dev'),
        }),
      );
    },
  );

  test('many readers are fine', () => {
    const capabilities = [{ access: mount, mode: 'MULTI_NODE_READER_ONLY' }] as const;

    expect(() => createCluster().controller.checkCapabilities(capabilities)).not.toThrow();
  });

  test.each<[string, Partial<CreateVolumeOptions>]>([
    [
      'raw block in a directory',
      { capabilities: [block], parameters: { pool: 'fast', layout: 'directory' } },
    ],
    [
      'strict isolation in a directory',
      { parameters: { pool: 'fast', layout: 'directory', isolation: 'strict' } },
    ],
    [
      'a file system’s option for a directory',
      { capabilities: [discard], parameters: { pool: 'fast', layout: 'directory' } },
    ],
    ['mount and block at once', { capabilities: [block, discard] }],
    [
      'two file systems at once',
      {
        capabilities: [
          { access: { ...mount, fsType: 'xfs' }, mode: 'SINGLE_NODE_WRITER' },
          { access: { ...mount, fsType: 'ext4' }, mode: 'SINGLE_NODE_WRITER' },
        ],
      },
    ],
  ])('%s is refused', async (_, overrides) => {
    const call = createCluster().controller.createVolume(ask(overrides), signal);

    await expect(call).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('layout auto takes an image for what a directory cannot do', async () => {
    const volume = await createCluster().controller.createVolume(ask({ capabilities: [discard] }), signal);

    expect(volume.context).toEqual({ pool: 'fast', layout: 'image' });
  });
});

describe('capacity', () => {
  const measure = async (
    parameters: Readonly<Record<string, string>>,
    topology?: Topology,
    cluster: Cluster = createCluster(),
  ) => await cluster.controller.capacity?.getCapacity({ capabilities: [], parameters, topology }, signal);

  test.each<[string, Readonly<Record<string, string>>, Topology | undefined, readonly [number, number]]>([
    ['one pool on one node', { pool: 'fast' }, toTopology('a'), [10 * GIB, 10 * GIB]],
    ['one pool on all nodes', { pool: 'fast' }, undefined, [30 * GIB, 20 * GIB]],
    ['all pools', {}, undefined, [70 * GIB, 40 * GIB]],
    ['a node without the pool', { pool: 'slow' }, toTopology('b'), [0, 0]],
    ['a pool that nobody has', { pool: 'tape' }, undefined, [0, 0]],
  ])('of %s', async (_, parameters, topology, [availableBytes, maximumVolumeBytes]) => {
    await expect(measure(parameters, topology)).resolves.toMatchObject({
      availableBytes,
      maximumVolumeBytes,
    });
  });

  test('a pool that is not to be reached has none', async () => {
    const cluster = createCluster();
    cluster.unavailable.add('aaaaaaaa');
    cluster.stores.slowA.failWith(new DriverError('POOL_UNAVAILABLE', 'It hangs.'));

    await expect(measure({}, undefined, cluster)).resolves.toMatchObject({ availableBytes: 20 * GIB });
  });

  test.each([
    [{ layout: 'image' }, 16 * MIB],
    [{ layout: 'image', 'csi.storage.k8s.io/fstype': 'xfs' }, 301 * MIB],
    [{ isolation: 'strict', 'csi.storage.k8s.io/fstype': 'btrfs' }, 256 * MIB],
    [{ layout: 'auto' }, undefined],
  ])('the least volume with %j is %j', async (parameters, minimumVolumeBytes) => {
    await expect(measure(parameters)).resolves.toMatchObject({ minimumVolumeBytes });
  });
});

describe('pools that are not to be reached', () => {
  const GONE = 'aaaaaaaa-abcdefghijklmnopqrstuvwxyz-abcdefgh';

  test('what they hold is unknown, not gone', async () => {
    const { controller, unavailable } = createCluster();
    const here = await controller.createVolume(ask({ topology: on('b') }), signal);
    unavailable.add('aaaaaaaa');
    const away = { code: 'POOL_UNAVAILABLE' };

    await expect(controller.deleteVolume({ volumeId: GONE }, signal)).rejects.toMatchObject(away);
    await expect(controller.getVolume({ volumeId: GONE }, signal)).rejects.toMatchObject(away);
    await expect(
      controller.listVolumes({ maxEntries: 0, startingToken: undefined }, signal),
    ).rejects.toMatchObject(away);
    await expect(controller.getVolume({ volumeId: here.id }, signal)).resolves.toEqual(here);
  });

  test('a pool that was never opened may be any', async () => {
    const entry: StoreEntry = {
      poolName: 'new',
      nodeName: 'a',
      poolId: undefined,
      state: { unavailable: 'Its disk is not mounted.' },
    };
    const controller = createHostpathController({ stores: { list: () => [entry] }, logger: silentLogger });

    await expect(controller.deleteVolume({ volumeId: GONE }, signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
    });
    await expect(controller.deleteVolume({ volumeId: 'x' }, signal)).resolves.toBeUndefined();
  });

  test('snapshots of a volume elsewhere are cut and listed all the same', async () => {
    const { controller, unavailable } = createCluster();
    const source = await controller.createVolume(ask({ topology: on('b') }), signal);
    unavailable.add('aaaaaaaa');

    const snapshot = await controller.snapshots?.createSnapshot(
      { name: 's', sourceVolumeId: source.id, parameters: {}, topology: undefined },
      signal,
    );
    const listed = await controller.snapshots?.listSnapshots(
      { maxEntries: 0, startingToken: undefined, snapshotId: undefined, sourceVolumeId: source.id },
      signal,
    );

    expect(listed?.entries).toEqual([snapshot]);
  });
});

describe('pages', () => {
  test('go over all pools by id, whatever the size of a page', async () => {
    const { controller } = createCluster();
    const ids: string[] = [];
    for (let index = 0; index < 7; index += 1) {
      const parameters = { pool: index % 3 === 0 ? 'slow' : 'fast' };
      ids.push((await controller.createVolume(ask({ name: `pvc-${index}`, parameters }), signal)).id);
    }
    ids.sort();

    for (let maxEntries = 1; maxEntries <= 8; maxEntries += 1) {
      const listed: string[] = [];
      let startingToken: string | undefined;
      do {
        const page = await controller.listVolumes({ maxEntries, startingToken }, signal);
        expect(page.entries.length).toBeLessThanOrEqual(maxEntries);
        listed.push(...page.entries.map(({ id }) => id));
        startingToken = page.nextToken;
      } while (startingToken !== undefined);
      expect(listed).toEqual(ids);
    }
  });
});
