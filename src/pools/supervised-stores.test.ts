import { describe, expect, it } from 'vitest';
import { createFakeFileStore } from '../../test/support/fake-file-store.ts';
import type { StoreEntry } from '../filestore/store-directory.ts';
import type { PoolInstance, PoolRelease } from './registry.ts';
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

function build({ onA, onB, release, answering }: (typeof CASES)[number]) {
  const instance: PoolInstance = {
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
  const entries = [...toEntries('a', onA), ...toEntries('b', onB)];
  return new SupervisedStores({
    driver: DRIVER,
    stores: { list: () => entries },
    view: { instances: [instance], findRefusal: () => undefined },
    reports: { list: () => answering.map((nodeName) => ({ nodeName, pools: [] })) },
    isRegisteredWhenOpen: false,
  });
}

describe('the stores that may be used', () => {
  it.each(CASES)('never lose a pool that is held: %j', (each) => {
    const stores = build(each);
    const inList = stores.list().filter(({ poolId }) => poolId === 'aaaaaaaa');
    const known = [...inList, ...stores.listFormer()];
    const isHeld = each.release === undefined || each.release.isReturning;

    if (isHeld) expect(known.length).toBeGreaterThan(0);
    // Whoever lists volumes has to notice, unless the node itself says that it has the pool no more.
    if (isHeld && !each.answering.includes('a')) expect(inList.length).toBeGreaterThan(0);
    if (!isHeld && each.onA !== 'open' && each.onB !== 'open') expect(known).toEqual([]);
  });

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
});
