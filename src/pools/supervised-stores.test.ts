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

function build({ onA, onB, release, answering }: (typeof CASES)[number], isFresh = true) {
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
    view: { instances: [instance], isFresh, findRefusal: () => undefined },
    reports: { list: () => answering.map((nodeName) => ({ nodeName, pools: [] })) },
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
});
