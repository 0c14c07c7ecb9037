import { describe, expect, it } from 'vitest';
import { createFakeFileStore } from '../../test/support/fake-file-store.ts';
import { createSeededRandom, type SeededRandom } from '../../test/support/seeded-random.ts';
import type { FileStore } from '../filestore/file-store.ts';
import type { StoreEntry } from '../filestore/store-directory.ts';
import type { PoolInstance, PoolRelease } from './registry.ts';
import { toSharedPlace } from './shared/shared-place.ts';
import { SupervisedStores } from './supervised-stores.ts';

const DRIVER = 'hostpath.stowage.dev';
const STORE = createFakeFileStore({ poolId: 'aaaaaaaa' });

type Offer = 'open' | 'unavailable' | 'nothing';
const OFFERS: readonly Offer[] = ['open', 'unavailable', 'nothing'];
const RELEASES: readonly (PoolRelease | undefined)[] = [
  undefined,
  { at: new Date(0), by: 'policy', isReturning: true },
  { at: new Date(0), by: 'policy', isReturning: false },
];
const ANSWERING = [[], ['a'], ['b'], ['a', 'b']];

/** Every way in which a pool that is registered on node a may show, there and on node b. */
const CASES = OFFERS.flatMap((onA) =>
  OFFERS.flatMap((onB) =>
    RELEASES.flatMap((release) => ANSWERING.map((answering) => ({ onA, onB, release, answering }))),
  ),
);

function toEntries(nodeName: string, offer: Offer): readonly StoreEntry[] {
  if (offer === 'nothing') return [];
  const state = offer === 'open' ? { store: STORE } : { unavailable: 'It is not open.' };
  return [{ poolName: 'ssd', nodeName, poolId: 'aaaaaaaa', state }];
}

function toAllEntries({ onA, onB }: (typeof CASES)[number]): readonly StoreEntry[] {
  return [...toEntries('a', onA), ...toEntries('b', onB)];
}

function toInstance({ release }: (typeof CASES)[number]): PoolInstance {
  return {
    driver: DRIVER,
    poolName: 'ssd',
    nodeName: 'a',
    poolId: 'aaaaaaaa',
    onNodeLoss: { action: 'keep' },
    firstSeen: new Date(0),
    lastSeen: new Date(0),
    condition: 'open',
    room: undefined,
    release,
  };
}

function build(each: (typeof CASES)[number], isFresh = true) {
  const entries = toAllEntries(each);
  return new SupervisedStores({
    driver: DRIVER,
    stores: { list: () => entries },
    view: { instances: [toInstance(each)], isFresh, findRefusal: () => undefined },
    reports: { list: () => each.answering.map((nodeName) => ({ nodeName, pools: [] })) },
    isRegisteredWhenOpen: false,
  });
}

describe('the stores that may be used', () => {
  const isHeld = ({ release }: (typeof CASES)[number]): boolean =>
    release === undefined || release.isReturning;

  it.each(CASES.filter(isHeld))('never lose a pool that is held: %j', (each) => {
    const stores = build(each);

    const known = [...stores.list(), ...stores.listFormer()];
    expect(known.map(({ poolId }) => poolId)).toContain('aaaaaaaa');
  });

  it.each(CASES.filter((each) => isHeld(each) && !each.answering.includes('a')))(
    'have it in their list, so that whoever lists volumes notices, unless its node says that it has it no more: %j',
    (each) => {
      const listed = build(each).list();

      expect(listed.map(({ poolId }) => poolId)).toContain('aaaaaaaa');
    },
  );

  it.each(CASES.filter((each) => !isHeld(each) && each.onA !== 'open' && each.onB !== 'open'))(
    'know nothing of one that was given up: %j',
    (each) => {
      const stores = build(each);

      expect([...stores.list(), ...stores.listFormer()]).toEqual([]);
    },
  );

  it.each(CASES.filter((each) => !isHeld(each)))(
    'do not take one for given up when the registry could not be read for long: %j',
    (each) => {
      const stores = build(each, false);

      const known = [...stores.list(), ...stores.listFormer()];
      expect(known.map(({ poolId }) => poolId)).toContain('aaaaaaaa');
    },
  );

  it.each(CASES)(
    'are open at one place at the most, and only where they are registered and held: %j',
    (each) => {
      const open = build(each)
        .list()
        .filter(({ state }) => 'store' in state);

      const mayBeOpen = each.release === undefined && each.onA === 'open' && each.onB !== 'open';
      expect(open.map(({ nodeName }) => nodeName)).toEqual(mayBeOpen ? ['a'] : []);
    },
  );

  it.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    'are those that follow from how things are now, whatever was listed before (seed %i)',
    (seed) => {
      const random = createSeededRandom('supervised-stores', seed);
      const now = { onA: 'open', onB: 'nothing', release: undefined, answering: ['a'] } as Scene;
      const scene = new ChangingScene(now);
      const lasting = scene.supervise();
      for (let step = 0; step < 200; step += 1) {
        scene.change(random);
        const fresh = scene.supervise();
        expect(lasting.list()).toEqual(fresh.list());
        expect(lasting.listFormer()).toEqual(fresh.listFormer());
      }
    },
  );
});

describe('a pool of all nodes that nobody speaks of', () => {
  const instance = {
    ...toInstance({ onA: 'nothing', onB: 'nothing', release: undefined, answering: [] }),
    nodeName: toSharedPlace('ssd'),
  };
  const supervise = (answering: readonly string[]): SupervisedStores<FileStore> =>
    new SupervisedStores<FileStore>({
      driver: DRIVER,
      stores: { list: () => [] },
      view: { instances: [instance], isFresh: true, findRefusal: () => undefined },
      reports: { list: () => answering.map((nodeName) => ({ nodeName, pools: [] })) },
      isRegisteredWhenOpen: false,
    });

  it.each<[string, () => readonly StoreEntry[], RegExp]>([
    ['is out of reach', () => supervise([]).list(), /^None of the agents that reach pool ssd answers/],
    [
      'is former when another one has its name',
      () => supervise([toSharedPlace('ssd')]).listFormer(),
      /another pool under the name ssd/,
    ],
  ])('%s, in sentences that take it for no node', (_, list, sentence) => {
    const [entry] = list();

    expect(entry?.state).toEqual({ unavailable: expect.stringMatching(sentence) });
    expect(JSON.stringify(entry?.state)).toContain('stowage pools forget aaaaaaaa');
    expect(JSON.stringify(entry?.state)).not.toMatch(/any\/|[Nn]ode any|nodes forget/);
  });
});

type Scene = (typeof CASES)[number];

/** One that changes a little at a time, and keeps the lists that did not change. */
class ChangingScene {
  #scene: Scene;
  #entries: readonly StoreEntry[];
  #refusal: string | undefined;
  readonly #view = {
    instances: [] as readonly PoolInstance[],
    isFresh: true,
    findRefusal: () => this.#refusal,
  };

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#entries = toAllEntries(scene);
    this.#view.instances = [toInstance(scene)];
  }

  supervise(): SupervisedStores<FileStore> {
    return new SupervisedStores<FileStore>({
      driver: DRIVER,
      stores: { list: () => this.#entries },
      view: this.#view,
      reports: { list: () => this.#scene.answering.map((nodeName) => ({ nodeName, pools: [] })) },
      isRegisteredWhenOpen: false,
    });
  }

  change(random: SeededRandom): void {
    const next = random.pick(CASES);
    switch (random.pick(['offers', 'registry', 'release', 'answering', 'freshness', 'refusal', 'nothing'])) {
      case 'offers':
        this.#scene = { ...this.#scene, onA: next.onA, onB: next.onB };
        this.#entries = toAllEntries(this.#scene);
        break;
      case 'registry':
        this.#view.instances = this.#view.instances.length === 0 ? [toInstance(this.#scene)] : [];
        break;
      case 'release':
        this.#scene = { ...this.#scene, release: next.release };
        this.#view.instances = [toInstance(this.#scene)];
        break;
      case 'answering':
        this.#scene = { ...this.#scene, answering: next.answering };
        break;
      case 'freshness':
        this.#view.isFresh = !this.#view.isFresh;
        break;
      case 'refusal':
        this.#refusal = this.#refusal === undefined ? 'It belongs to another cluster.' : undefined;
        break;
      default:
    }
  }
}
