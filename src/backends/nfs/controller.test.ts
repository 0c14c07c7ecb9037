import { describe, expect, test } from 'vitest';
import { createFakeFileStore, type FakeFileStore } from '../../../test/support/fake-file-store.ts';
import { DriverError } from '../../domain/errors.ts';
import type { ContentOrigins } from '../../filestore/content/content.ts';
import { localOrigins } from '../../filestore/content/content.ts';
import { joinStores } from '../../filestore/join-stores.ts';
import type { StoreEntry, Unavailable } from '../../filestore/store-directory.ts';
import { silentLogger } from '../../observability/logger.ts';
import type { ControllerBackend, CreateVolumeOptions } from '../backend.ts';
import { createNfsController } from './controller.ts';

const signal = AbortSignal.timeout(60_000);
const GIB = 1024 ** 3;
const mount = { kind: 'mount', fsType: undefined, mountFlags: [] } as const;

interface Cluster {
  readonly controller: ControllerBackend;
  readonly stores: Readonly<Record<'web' | 'db' | 'elsewhere', FakeFileStore>>;
  readonly origins: readonly Parameters<ContentOrigins['createOrigin']>[0][];
  /** Pools that no agent has open, and why. */
  readonly closed: Map<string, Unavailable>;
}

/** Pools `web` and `db`, and one of another driver. `names`: those that are offered. */
function createCluster(names: readonly ('web' | 'db')[] = ['web', 'db']): Cluster {
  const contents: Parameters<typeof createFakeFileStore>[0]['contents'] = {
    async openContent({ origin, ...request }, own) {
      const store = Object.values(stores).find(({ poolId }) => poolId === origin.poolId);
      if (store === undefined) throw new Error(`there is no pool ${origin.poolId}`);
      return await store.openContent(request, own);
    },
  };
  const stores: Cluster['stores'] = {
    web: createFakeFileStore({ poolId: 'aaaaaaaa', totalBytes: 10 * GIB, contents }),
    db: createFakeFileStore({ poolId: 'bbbbbbbb', totalBytes: 20 * GIB, contents }),
    elsewhere: createFakeFileStore({ poolId: 'cccccccc', totalBytes: 80 * GIB, contents }),
  };
  const closed = new Map<string, Unavailable>();
  const origins: Parameters<ContentOrigins['createOrigin']>[0][] = [];
  const toEntry = (poolName: keyof typeof stores): StoreEntry => ({
    poolName,
    nodeName: 'a',
    poolId: stores[poolName].poolId,
    state: closed.get(poolName) ?? { store: stores[poolName] },
  });
  const own = { list: () => names.map(toEntry) };
  return {
    stores,
    closed,
    origins,
    controller: createNfsController({
      stores: own,
      sources: joinStores(() => [own, { list: () => [toEntry('elsewhere')] }]),
      origins: {
        createOrigin(options) {
          origins.push(options);
          return localOrigins.createOrigin(options);
        },
      },
      logger: silentLogger,
    }),
  };
}

function ask(overrides: Partial<CreateVolumeOptions> = {}): CreateVolumeOptions {
  return {
    name: 'pvc-1',
    range: { requiredBytes: GIB, limitBytes: undefined },
    capabilities: [{ access: mount, mode: 'MULTI_NODE_MULTI_WRITER' }],
    parameters: { pool: 'web' },
    source: undefined,
    topology: undefined,
    ...overrides,
  };
}

function refusal(code: string, sentence: RegExp): object {
  return { code, message: expect.stringMatching(sentence) };
}

describe('a volume on shared storage', () => {
  test('can be used everywhere, and tells nodes its pool and the versions of its class', async () => {
    const { controller } = createCluster();
    const parameters = { pool: 'web', nfsVersions: '4.1,4.2' };

    const plain = await controller.createVolume(ask(), signal);
    const versioned = await controller.createVolume(ask({ name: 'pvc-2', parameters }), signal);

    expect(plain).toMatchObject({ accessibleTopology: [], context: { pool: 'web', layout: 'directory' } });
    expect(plain.context).not.toHaveProperty('nfsVersions');
    expect(versioned.context).toMatchObject({ nfsVersions: '4.1,4.2' });
    await expect(controller.getVolume({ volumeId: versioned.id }, signal)).resolves.toEqual(versioned);
  });

  test('is a directory of the asked size, owner and end', async () => {
    const { controller, stores } = createCluster();
    const asked: unknown[] = [];
    const store = { ...stores.web };
    Object.assign(stores.web, {
      createVolume: async (request: Parameters<typeof store.createVolume>[0], own: AbortSignal) => {
        asked.push(request);
        return await store.createVolume(request, own);
      },
    });
    const parameters = { pool: 'web', quota: 'none', onDelete: 'archive', uid: '5', mode: '2770' };

    await controller.createVolume(ask({ parameters }), signal);

    expect(asked).toMatchObject([
      {
        layout: 'directory',
        quota: 'none',
        onDelete: 'archive',
        accessType: 'mount',
        owner: { uid: 5, gid: undefined, mode: 0o2770 },
        askedParameters: parameters,
      },
    ]);
  });

  test('goes to the only pool when none is named', async () => {
    const { controller } = createCluster(['db']);

    await expect(controller.createVolume(ask({ parameters: {} }), signal)).resolves.toMatchObject({
      context: { pool: 'db' },
    });
  });

  test.each<[string, readonly ('web' | 'db')[], Readonly<Record<string, string>>, object]>([
    [
      'several pools and no name',
      ['web', 'db'],
      {},
      refusal('INVALID_ARGUMENT', /there are several pools: db, web\./),
    ],
    ['no pool and no name', [], {}, refusal('INVALID_ARGUMENT', /no agent offers a pool/)],
    [
      'a pool that nobody offers',
      ['web'],
      { pool: 'db' },
      refusal('NO_ROOM', /named "db"\. The pools are: web\./),
    ],
    [
      'a file system',
      ['web'],
      { 'csi.storage.k8s.io/fstype': 'ext4' },
      refusal('INVALID_ARGUMENT', /fstype/),
    ],
  ])('is refused with %s', async (_, names, parameters, expected) => {
    const { controller } = createCluster(names);

    await expect(controller.createVolume(ask({ parameters }), signal)).rejects.toMatchObject(expected);
  });

  test('is not made twice, in two pools', async () => {
    const { controller } = createCluster();
    await controller.createVolume(ask(), signal);

    await expect(controller.createVolume(ask({ parameters: { pool: 'db' } }), signal)).rejects.toMatchObject({
      code: 'VOLUME_INCOMPATIBLE',
      message: expect.stringContaining('in pool web and not in pool db'),
    });
  });

  test('is made while another pool cannot be asked for its name: its own pool has it only once', async () => {
    const { controller, closed } = createCluster();
    closed.set('db', { unavailable: 'Its server does not answer.' });

    const made = await controller.createVolume(ask(), signal);

    await expect(controller.createVolume(ask(), signal)).resolves.toEqual(made);
  });

  test('waits for its pool', async () => {
    const { controller, closed } = createCluster(['web']);
    closed.set('web', { unavailable: 'Its server does not answer.' });

    await expect(controller.createVolume(ask(), signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining('Its server does not answer.'),
    });
  });

  test('is copied within its pool without a way, and from a pool of another driver by one', async () => {
    const { controller, stores, origins } = createCluster();
    const source = await controller.createVolume(ask(), signal);
    const foreign = await stores.elsewhere.createVolume(
      {
        name: 'disk',
        range: { requiredBytes: GIB, limitBytes: undefined },
        accessType: 'mount',
        fsType: undefined,
        layout: 'directory',
        quota: 'none',
        isolation: 'standard',
        preallocate: false,
        owner: { uid: undefined, gid: undefined, mode: undefined },
        source: undefined,
        claim: undefined,
        askedParameters: {},
      },
      signal,
    );
    const clone = async (name: string, id: string) =>
      await controller.createVolume(ask({ name, source: { kind: 'volume', id } }), signal);

    await expect(clone('near', source.id)).resolves.toMatchObject({ source: { id: source.id } });
    expect(origins).toEqual([]);
    await expect(clone('far', foreign.id)).resolves.toMatchObject({ source: { id: foreign.id } });
    expect(origins).toHaveLength(1);
  });

  test('is the same again when its source is gone by now', async () => {
    const { controller } = createCluster();
    const source = await controller.createVolume(ask(), signal);
    const options = ask({ name: 'copy', source: { kind: 'volume', id: source.id } });
    const made = await controller.createVolume(options, signal);
    await controller.deleteVolume({ volumeId: source.id }, signal);

    await expect(controller.createVolume(options, signal)).resolves.toEqual(made);
  });
});

describe('the room of shared pools', () => {
  const measure = async ({ controller }: Cluster, parameters: Readonly<Record<string, string>> = {}) =>
    await controller.capacity?.getCapacity({ capabilities: [], parameters, topology: undefined }, signal);

  test('is that of the asked one, or of all', async () => {
    const cluster = createCluster();

    await expect(measure(cluster, { pool: 'db' })).resolves.toMatchObject({ availableBytes: 20 * GIB });
    await expect(measure(cluster)).resolves.toMatchObject({
      availableBytes: 30 * GIB,
      maximumVolumeBytes: 20 * GIB,
    });
    await expect(measure(cluster, { pool: 'nobody' })).resolves.toMatchObject({ availableBytes: 0 });
  });

  test.each<[string, (cluster: Cluster) => void]>([
    ['is not open', ({ closed }) => void closed.set('db', { unavailable: 'No.' })],
    ['falls silent', ({ stores }) => stores.db.failWith(new DriverError('POOL_UNAVAILABLE', 'No.'))],
  ])('is nothing where a pool %s', async (_, breakIt) => {
    const cluster = createCluster();
    breakIt(cluster);

    await expect(measure(cluster)).resolves.toMatchObject({ availableBytes: 10 * GIB });
  });

  test('is not guessed where a pool fails', async () => {
    const cluster = createCluster();
    cluster.stores.db.failWith(new Error('EIO'));

    await expect(measure(cluster)).rejects.toThrow('EIO');
  });
});
