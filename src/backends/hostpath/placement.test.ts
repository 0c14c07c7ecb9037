import { describe, expect, test } from 'vitest';
import { createFakeFileStore, type FakeFileStore } from '../../../test/support/fake-file-store.ts';
import { createSeededRandom, type SeededRandom } from '../../../test/support/seeded-random.ts';
import { DriverError } from '../../domain/errors.ts';
import type { StoreDirectory, StoreEntry, Unavailable } from '../../filestore/store-directory.ts';
import { silentLogger } from '../../observability/logger.ts';
import type { ControllerBackend, CreateVolumeOptions } from '../backend.ts';
import { createHostpathController } from './controller.ts';
import { toTopology } from './topology.ts';

const GIB = 1024 ** 3;
const { signal } = new AbortController();

interface FakeNode {
  readonly name: string;
  readonly store: FakeFileStore;
}

/** What one controller sees: every registered pool, some of them silent or new. */
class View implements StoreDirectory {
  readonly states = new Map<string, Unavailable>();
  readonly #nodes: readonly FakeNode[];

  constructor(nodes: readonly FakeNode[]) {
    this.#nodes = nodes;
  }

  list(): readonly StoreEntry[] {
    return this.#nodes.map(({ name, store }) => {
      const state = this.states.get(name);
      const poolId = state?.isNew === true ? undefined : store.poolId;
      return { poolName: 'fast', nodeName: name, poolId, state: state ?? { store } };
    });
  }
}

const SILENT: Unavailable = { unavailable: 'Its agent does not answer.' };
const NEW: Unavailable = { unavailable: 'It waits to be admitted.', isNew: true };

function createNodes(count: number, totalBytes = 1000 * GIB): readonly FakeNode[] {
  return Array.from({ length: count }, (_, index) => {
    const name = String.fromCharCode(97 + index);
    return { name, store: createFakeFileStore({ poolId: name.repeat(8), totalBytes }) };
  });
}

function createControllers(
  nodes: readonly FakeNode[],
): readonly { readonly view: View; readonly controller: ControllerBackend }[] {
  return [0, 1].map(() => {
    const view = new View(nodes);
    return { view, controller: createHostpathController({ stores: view, logger: silentLogger }) };
  });
}

function ask(name: string, nodes: readonly string[] = []): CreateVolumeOptions {
  return {
    name,
    range: { requiredBytes: GIB, limitBytes: undefined },
    capabilities: [
      { access: { kind: 'mount', fsType: undefined, mountFlags: [] }, mode: 'SINGLE_NODE_WRITER' },
    ],
    parameters: { pool: 'fast' },
    source: undefined,
    topology: nodes.length === 0 ? undefined : { requisite: nodes.map(toTopology), preferred: [] },
  };
}

/** Every volume of a name, wherever it is. */
async function listVolumesNamed(nodes: readonly FakeNode[], name: string): Promise<readonly string[]> {
  const found = await Promise.all(nodes.map(({ store }) => store.findVolumeByName({ name }, signal)));
  return found.flatMap((record) => (record === undefined ? [] : [record.id]));
}

/** Each node silent for this controller or not, anew. */
function shuffle(view: View, nodes: readonly FakeNode[], random: SeededRandom): void {
  view.states.clear();
  for (const { name } of nodes) {
    if (random.chance(0.3)) view.states.set(name, SILENT);
  }
}

const seeds = Array.from({ length: 30 }, (_, index) => index + 1);

describe('two controllers that see different nodes', () => {
  test.each(seeds)('make one volume of a name, however often both are asked (seed %i)', async (seed) => {
    const random = createSeededRandom('placement', seed);
    const nodes = createNodes(random.pick([1, 2, 5, 12]));
    const controllers = createControllers(nodes);

    for (let round = 0; round < 20; round += 1) {
      const name = `pvc-${round}`;
      const place = random.pick([[], [random.pick(nodes.map((node) => node.name))]]);
      const outcomes: PromiseSettledResult<string>[] = [];
      for (let attempt = 0; attempt < 6; attempt += 1) {
        for (const { view } of controllers) shuffle(view, nodes, random);
        const calls = controllers.map(async ({ controller }) => {
          return (await controller.createVolume(ask(name, place), signal)).id;
        });
        outcomes.push(...(await Promise.allSettled(calls)));
      }

      const answers = new Set(outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : [])));
      const refusals = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
      const made = await listVolumesNamed(nodes, name);
      expect(made.length).toBeLessThanOrEqual(1);
      expect([...answers]).toEqual(answers.size === 0 ? [] : made);
      for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'POOL_UNAVAILABLE' });
    }
  });
});

describe('a place that is silent', () => {
  test('is waited for when it is the chosen one, and is of no matter otherwise', async () => {
    const nodes = createNodes(3);
    const [one, other] = createControllers(nodes);
    const chosen = await one?.controller.createVolume(ask('pvc-1'), signal);
    const chosenNode = nodes.find(({ store }) => chosen?.id.startsWith(store.poolId))?.name ?? '';
    const others = nodes.filter(({ name }) => name !== chosenNode);

    other?.view.states.set(chosenNode, SILENT);
    await expect(other?.controller.createVolume(ask('pvc-1'), signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
    });
    other?.view.states.clear();
    for (const { name } of others) other?.view.states.set(name, SILENT);

    await expect(other?.controller.createVolume(ask('pvc-1'), signal)).resolves.toEqual(chosen);
  });

  test('is not given up for another that is preferred less', async () => {
    const nodes = createNodes(2);
    const view = new View(nodes);
    const controller = createHostpathController({ stores: view, logger: silentLogger });
    view.states.set('a', SILENT);
    const topology = { requisite: ['a', 'b'].map(toTopology), preferred: ['a', 'b'].map(toTopology) };

    await expect(controller.createVolume({ ...ask('pvc-1'), topology }, signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
    });
    expect(await listVolumesNamed(nodes, 'pvc-1')).toEqual([]);
  });
});

describe('a place that was never registered', () => {
  test('has no room, so that the scheduler goes elsewhere', async () => {
    const nodes = createNodes(2);
    const view = new View(nodes);
    const controller = createHostpathController({ stores: view, logger: silentLogger });
    view.states.set('a', NEW);

    await expect(controller.createVolume(ask('pvc-1', ['a']), signal)).rejects.toMatchObject({
      code: 'NO_ROOM',
      message: expect.stringContaining(NEW.unavailable),
    });
    const elsewhere = await controller.createVolume(ask('pvc-2'), signal);

    expect(elsewhere.accessibleTopology).toEqual([toTopology('b')]);
  });

  test('is waited for while it is just being opened', async () => {
    const view = new View(createNodes(2));
    const controller = createHostpathController({ stores: view, logger: silentLogger });
    view.states.set('a', { ...NEW, isOpening: true });

    await expect(controller.createVolume(ask('pvc-1', ['a']), signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
    });
  });

  test('is not listed, and keeps nobody from listing', async () => {
    const view = new View(createNodes(2));
    const controller = createHostpathController({ stores: view, logger: silentLogger });
    const kept = await controller.createVolume(ask('pvc-1', ['b']), signal);
    view.states.set('a', NEW);

    const { entries } = await controller.listVolumes({ maxEntries: 0, startingToken: undefined }, signal);

    expect(entries).toEqual([kept]);
  });
});

describe('several volumes of one name, after an accident', () => {
  test('every controller takes the same one, and none is removed', async () => {
    const nodes = createNodes(4);
    const controllers = createControllers(nodes);
    for (const { name } of nodes) {
      const view = new View(nodes.filter((node) => node.name === name));
      const alone = createHostpathController({ stores: view, logger: silentLogger });
      await alone.createVolume(ask('pvc-1', [name]), signal);
    }

    const ids = await Promise.all(
      controllers.map(async ({ controller }) => (await controller.createVolume(ask('pvc-1'), signal)).id),
    );

    expect(new Set(ids).size).toBe(1);
    expect(await listVolumesNamed(nodes, 'pvc-1')).toHaveLength(4);
    await expect(controllers[0]?.controller.createVolume(ask('pvc-1', ['c']), signal)).resolves.toMatchObject(
      {
        accessibleTopology: [toTopology('c')],
      },
    );
  });

  test('a place that found room meanwhile wins over the one that was taken in its stead', async () => {
    const nodes = createNodes(2);
    const controllers = createControllers(nodes);
    const first = await controllers[0]?.controller.createVolume(ask('pvc-1'), signal);
    const chosen = nodes.find(({ store }) => first?.id.startsWith(store.poolId)) ?? {
      name: '',
      store: undefined,
    };
    await chosen.store?.deleteVolume({ id: first?.id ?? '' }, signal);
    // The first choice is full for this controller's call, and makes the volume for another one's in the same moment.
    const view = new View(
      nodes.map(({ name, store }) => {
        return { name, store: name === chosen.name ? { ...store, createVolume: refuseOnce(store) } : store };
      }),
    );
    const controller = createHostpathController({ stores: view, logger: silentLogger });

    const answer = await controller.createVolume(ask('pvc-1'), signal);
    const again = await controllers[1]?.controller.createVolume(ask('pvc-1'), signal);

    expect(again).toEqual(answer);
    expect(answer.accessibleTopology).toEqual([toTopology(chosen.name)]);
  });
});

/** Refuses for want of room, and has made the volume nonetheless: for somebody else. */
function refuseOnce(store: FakeFileStore): FakeFileStore['createVolume'] {
  let isFirst = true;
  return async (request, own) => {
    const record = await store.createVolume(request, own);
    if (!isFirst) return record;
    isFirst = false;
    throw new DriverError('NO_ROOM', 'The pool is full.');
  };
}

describe('whoever makes something', () => {
  /** Nodes that note which of them are asked for a name. */
  function createWatched(count: number) {
    const asked: string[] = [];
    const nodes = createNodes(count).map(({ name, store }): FakeNode => {
      const noting: Partial<FakeFileStore> = {
        findVolumeByName: async (request, own) => {
          asked.push(`${name} for volume ${request.name}`);
          return await store.findVolumeByName(request, own);
        },
        findSnapshotByName: async (request, own) => {
          asked.push(`${name} for snapshot ${request.name}`);
          return await store.findSnapshotByName(request, own);
        },
      };
      return { name, store: { ...store, ...noting } };
    });
    return { asked, controller: createHostpathController({ stores: new View(nodes), logger: silentLogger }) };
  }

  test('is not asked for the name before, the others are', async () => {
    const { asked, controller } = createWatched(3);

    const volume = await controller.createVolume(ask('pvc-1', ['b']), signal);
    const options = { name: 's', sourceVolumeId: volume.id, parameters: {}, topology: undefined };
    const snapshot = await controller.snapshots?.createSnapshot(options, signal);

    expect(asked).toEqual(
      ['volume pvc-1', 'snapshot s'].flatMap((what) => ['a', 'c'].map((node) => `${node} for ${what}`)),
    );
    await expect(controller.createVolume(ask('pvc-1', ['b']), signal)).resolves.toEqual(volume);
    await expect(controller.snapshots?.createSnapshot(options, signal)).resolves.toEqual(snapshot);
  });

  test('is asked when another has the name, which makes it one that exists already', async () => {
    const { asked, controller } = createWatched(2);
    await controller.createVolume(ask('pvc-1', ['b']), signal);
    asked.length = 0;

    await expect(controller.createVolume(ask('pvc-1', ['a']), signal)).rejects.toMatchObject({
      code: 'VOLUME_INCOMPATIBLE',
    });

    expect(asked).toEqual(['b for volume pvc-1', 'a for volume pvc-1']);
  });

  test('is asked for the name of a copy, whose source may be gone by now', async () => {
    const { asked, controller } = createWatched(2);
    const source = await controller.createVolume(ask('source', ['a']), signal);
    const copy = { ...ask('copy', ['a']), source: { kind: 'volume', id: source.id } } as const;
    const made = await controller.createVolume(copy, signal);
    await controller.deleteVolume({ volumeId: source.id }, signal);
    asked.length = 0;

    await expect(controller.createVolume(copy, signal)).resolves.toEqual(made);
    expect(asked).toEqual(['a for volume copy', 'b for volume copy']);
  });

  test('is not asked at all where there is no other', async () => {
    const { asked, controller } = createWatched(1);

    await controller.createVolume(ask('pvc-1'), signal);

    expect(asked).toEqual([]);
  });
});

describe('200 agents with 100 volumes each', () => {
  test('are asked side by side, and listed in pages without loss', async () => {
    const nodes = Array.from({ length: 200 }, (_, index) => {
      const suffix = toLetters(index);
      return { name: `node-${index}`, store: createFakeFileStore({ poolId: `aaaaaa${suffix}` }) };
    });
    await Promise.all(
      nodes.flatMap(({ store }) =>
        Array.from({ length: 100 }, async (_, index) => {
          await store.createVolume({ ...REQUEST, name: `pvc-${store.poolId}-${index}` }, signal);
        }),
      ),
    );
    let underWay = 0;
    let most = 0;
    let calls = 0;
    const view = new View(
      nodes.map(({ name, store }) => {
        const listVolumes: FakeFileStore['listVolumes'] = async (request, own) => {
          calls += 1;
          underWay += 1;
          most = Math.max(most, underWay);
          const page = await store.listVolumes(request, own);
          underWay -= 1;
          return page;
        };
        return { name, store: { ...store, listVolumes } };
      }),
    );
    const controller = createHostpathController({ stores: view, logger: silentLogger });

    const ids: string[] = [];
    let startingToken: string | undefined;
    do {
      const page = await controller.listVolumes({ maxEntries: 1500, startingToken }, signal);
      ids.push(...page.entries.map(({ id }) => id));
      startingToken = page.nextToken;
    } while (startingToken !== undefined);

    expect(ids).toHaveLength(20_000);
    expect(ids).toEqual([...new Set(ids)].toSorted());
    expect(most).toBeGreaterThan(8);
    expect(most).toBeLessThanOrEqual(32);
    expect(calls).toBeLessThan(14 * 70);
  });
});

function toLetters(index: number): string {
  return String.fromCharCode(97 + Math.floor(index / 26)) + String.fromCharCode(97 + (index % 26));
}

const REQUEST = {
  range: { requiredBytes: GIB, limitBytes: undefined },
  accessType: 'mount',
  fsType: undefined,
  layout: 'auto',
  quota: 'required',
  isolation: 'standard',
  preallocate: false,
  owner: { uid: undefined, gid: undefined, mode: undefined },
  source: undefined,
  claim: undefined,
  askedParameters: {},
} as const;
