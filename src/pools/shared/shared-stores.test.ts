import { describe, expect, it } from 'vitest';
import { createFakeFileStore } from '../../../test/support/fake-file-store.ts';
import type { FileStore } from '../../filestore/file-store.ts';
import type { StoreEntry, Unavailable } from '../../filestore/store-directory.ts';
import { toSharedPlace } from './shared-place.ts';
import { shareStores } from './shared-stores.ts';

const NODES = ['a', 'b', 'c'] as const;
const SILENT: Unavailable = { unavailable: 'It is silent.' };

function toOpen(nodeName: string, poolId = 'aaaaaaaa', poolName = 'web'): StoreEntry {
  return { poolName, nodeName, poolId, state: { store: createFakeFileStore({ poolId }) } };
}

function toClosed(nodeName: string, state: Unavailable, poolId?: string): StoreEntry {
  return { poolName: 'web', nodeName, poolId, state };
}

function share(
  entries: readonly StoreEntry[],
  former: readonly StoreEntry[] = [],
  isConfigured?: (poolName: string) => boolean,
) {
  let listed = entries;
  const { places, withAgents } = shareStores<FileStore>(
    { list: () => listed, listFormer: () => former },
    isConfigured,
  );
  return {
    places,
    agents: withAgents(places),
    set: (next: readonly StoreEntry[]) => void (listed = next),
    getAgent: (): string | undefined => withAgents(places).list()[0]?.nodeName,
  };
}

/** The only place. */
function getPlace(entries: readonly StoreEntry[]): StoreEntry {
  const [entry, ...rest] = share(entries).places.list();
  if (entry === undefined || rest.length > 0) throw new Error('there is not one place');
  return entry;
}

describe('a pool that many agents reach', () => {
  it('is one entry, at a place of its own, with the store of one of them', () => {
    const open = NODES.map((nodeName) => toOpen(nodeName));

    const place = getPlace(open);

    expect(place).toMatchObject({ poolName: 'web', nodeName: toSharedPlace('web'), poolId: 'aaaaaaaa' });
    expect(open.map(({ state }) => state)).toContainEqual(place.state);
  });

  it('is given the same agent in whatever order they are listed, and that of another pool may be another', () => {
    const pools = ['web', 'db', 'mail', 'logs', 'home', 'tmp', 'git'];
    const chosen = (order: readonly string[]): readonly string[] => {
      const { agents } = share(
        pools.flatMap((poolName) => order.map((nodeName) => toOpen(nodeName, `id-${poolName}`, poolName))),
      );
      return agents.list().map(({ nodeName }) => nodeName);
    };

    expect(chosen(['c', 'a', 'b'])).toEqual(chosen(['a', 'b', 'c']));
    expect(new Set(chosen(NODES)).size).toBeGreaterThan(1);
  });

  it('is given another agent when that one does not have it open any more, and the first again when it has', () => {
    const open = NODES.map((nodeName) => toOpen(nodeName));
    const { set, getAgent } = share(open);
    const first = getAgent();

    set(open.map((entry) => (entry.nodeName === first ? toClosed(entry.nodeName, SILENT) : entry)));
    const second = getAgent();
    set([...open]);

    expect(second).not.toBe(first);
    expect(NODES).toContain(second);
    expect(getAgent()).toBe(first);
  });

  it('is the same list as long as the agents say the same, so that nobody looks twice', () => {
    const open = [toOpen('a')];
    const { places, agents, set } = share(open);
    const [list, named] = [places.list(), agents.list()];

    expect(places.list()).toBe(list);
    expect(agents.list()).toBe(named);
    set([toOpen('b')]);
    expect(places.list()).not.toBe(list);
  });

  it('of which agents have different ones open is not used, and looks like nothing that is gone', () => {
    const { state, poolId } = getPlace([toOpen('a', 'aaaaaaaa'), toOpen('b', 'bbbbbbbb')]);

    expect(poolId).toBeUndefined();
    expect(state).toEqual({ unavailable: expect.stringContaining('bbbbbbbb on node b') });
  });

  it('that no agent has open is not available, with what one of them says', () => {
    const { state, poolId } = getPlace([
      toClosed('a', { unavailable: 'Its server does not answer.' }),
      toClosed('b', { unavailable: 'Its export is gone.' }, 'aaaaaaaa'),
    ]);

    expect(poolId).toBe('aaaaaaaa');
    expect(state).toEqual({
      unavailable: 'None of its 2 agents can use it. Node a says: Its server does not answer.',
    });
  });

  it('is said to be so in the words of its only agent', () => {
    expect(getPlace([toClosed('a', SILENT)]).state).toEqual(SILENT);
  });

  it('that only the registry knows is not available, and not new', () => {
    const { state, poolId } = getPlace([
      toClosed(toSharedPlace('web'), { unavailable: 'Node any/web has no agent.' }, 'aaaaaaaa'),
    ]);

    expect(poolId).toBe('aaaaaaaa');
    expect(state).toEqual({
      unavailable: expect.stringMatching(/^None of the agents that reach it answers/),
    });
  });

  it.each<[string, readonly StoreEntry[], Readonly<Record<string, boolean | undefined>>]>([
    ['new when all say so', NODES.map((node) => toClosed(node, { ...SILENT, isNew: true })), { isNew: true }],
    [
      'not new when one does not know',
      [toClosed('a', { ...SILENT, isNew: true }), toClosed('b', SILENT)],
      { isNew: undefined },
    ],
    [
      'not new when the registry knows it',
      [toClosed('a', { ...SILENT, isNew: true }), toClosed(toSharedPlace('web'), SILENT, 'aaaaaaaa')],
      { isNew: undefined },
    ],
    [
      'being opened when one opens it',
      [toClosed('a', SILENT), toClosed('b', { ...SILENT, isOpening: true })],
      { isOpening: true },
    ],
  ])('is %s', (_, entries, expected) => {
    const { state } = getPlace(entries);

    expect(state).toMatchObject({ unavailable: expect.any(String) });
    expect({ isNew: undefined, ...state }).toMatchObject(expected);
  });

  it('that is not configured any more is former, unless another agent still has it', () => {
    const former = [toClosed('a', SILENT, 'aaaaaaaa')];

    expect(share([], former).places.listFormer?.()).toMatchObject([{ nodeName: 'any/web' }]);
    expect(share([toOpen('b')], former).places.listFormer?.()).toEqual([]);
  });

  describe('that no configuration has any more', () => {
    const known = toClosed(toSharedPlace('web'), SILENT, 'aaaaaaaa');

    it('is former when only the registry knows it, and says how to come to an end', () => {
      const { places } = share([known], [], () => false);

      expect(places.list()).toEqual([]);
      expect(places.listFormer?.()).toEqual([
        { ...known, state: { unavailable: expect.stringMatching(/not configured.*pools forget aaaaaaaa/) } },
      ]);
      expect(places.listFormer?.()).toBe(places.listFormer?.());
    });

    it.each<[string, StoreEntry]>([
      ['has it open', toOpen('a')],
      ['had it, and is silent', toClosed('a', SILENT, 'aaaaaaaa')],
    ])('is as before while an agent %s', (_, entry) => {
      const { places } = share([entry, known], [], () => false);

      expect(places.list()).toMatchObject([{ nodeName: 'any/web', poolId: 'aaaaaaaa' }]);
      expect(places.listFormer?.()).toEqual([]);
    });

    it('does not take along one that is, whose only agent has gone', () => {
      const other = { ...known, poolName: 'db', nodeName: toSharedPlace('db'), poolId: 'bbbbbbbb' };
      const { places } = share([known, other], [], (poolName) => poolName === 'db');

      expect(places.list().map(({ poolName }) => poolName)).toEqual(['db']);
      expect(places.listFormer?.().map(({ poolName }) => poolName)).toEqual(['web']);
    });
  });

  it('keeps its place where the registry does not let it be used', () => {
    const { withAgents } = shareStores<FileStore>({ list: () => [] });
    const withheld = toClosed(toSharedPlace('web'), { unavailable: 'It is being registered.' }, 'aaaaaaaa');

    expect(withAgents({ list: () => [withheld] }).list()).toEqual([withheld]);
  });
});
