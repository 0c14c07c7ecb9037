import { describe, expect, it } from 'vitest';
import {
  createFakeAgent,
  createFakeDiscovery,
  type FakeAgent,
  type FakeDiscovery,
  ROOM,
  toPool,
} from '../../test/support/fake-agents.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { silentLogger } from '../observability/logger.ts';
import type { KnownPool } from './remote-stores.ts';
import { RemoteStores } from './remote-stores.ts';

const signal = AbortSignal.timeout(60_000);
const DRIVER = 'hostpath.stowage.dev';

interface Scene extends AsyncDisposable {
  readonly clock: FakeClock;
  readonly discovery: FakeDiscovery;
  readonly stores: RemoteStores;
  readonly changes: () => number;
  /** Moves time, and lets everybody who wakes up do what there is to do until all sleep again. */
  pass(ms: number): Promise<void>;
  /** What the registry knows from now on. */
  setKnown(known: readonly KnownPool[]): void;
  /** Entries in short: `node/pool id: open`, or the sentence. */
  show(): readonly string[];
}

/** `hidden` agents can be reached, but the discovery does not have them yet. */
async function startScene(
  agents: readonly FakeAgent[],
  registered: readonly KnownPool[] = [],
  hidden: readonly FakeAgent[] = [],
): Promise<Scene> {
  const clock = new FakeClock();
  let known = registered;
  const discovery = createFakeDiscovery(agents.map(({ address }) => address));
  const stores = new RemoteStores({
    discovery,
    listKnown: () => known,
    connect: ({ nodeName, address }, onTrouble) => {
      const agent = [...agents, ...hidden].find(
        (one) => one.address.nodeName === nodeName && one.address.address === address,
      );
      if (agent === undefined) throw new Error(`There is no agent at ${address}`);
      return agent.connect(onTrouble);
    },
    clock,
    logger: silentLogger,
  });
  let changes = 0;
  stores.reports.onChange(() => (changes += 1));
  stores.start();
  await stores.whenTried();
  await clock.whenSleeping(agents.length);
  return {
    clock,
    discovery,
    stores,
    changes: () => changes,
    setKnown: (next) => void (known = next),
    async pass(ms) {
      clock.advance(ms);
      await new Promise(setImmediate);
      await clock.whenSleeping(discovery.list().length);
    },
    show: () =>
      stores
        .storesOf(DRIVER)
        .list()
        .map(({ nodeName, poolId, state }) => {
          return `${nodeName}/${poolId ?? 'none'}: ${'store' in state ? 'open' : state.unavailable}`;
        }),
    [Symbol.asyncDispose]: () => stores.close(),
  };
}

describe('the stores of the cluster', () => {
  it('are those that agents describe, with what agents say of them', async () => {
    const one = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    const two = createFakeAgent('n2', [
      toPool('bbbbbbbb', { state: { kind: 'unavailable', reason: 'Its disk is gone.' } }),
    ]);
    await using scene = await startScene([one, two]);

    expect(scene.show()).toEqual(['n1/aaaaaaaa: open', 'n2/bbbbbbbb: Its disk is gone.']);
    expect(scene.stores.reports.list().map(({ nodeName }) => nodeName)).toEqual(['n1', 'n2']);
  });

  it('are asked about every five seconds, on one connection for each agent', async () => {
    const agent = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    await using scene = await startScene([agent]);

    await scene.pass(4_999);
    expect(agent.asked).toBe(1);
    await scene.pass(1);
    await scene.pass(5_000);

    expect(agent).toMatchObject({ asked: 3, connections: 1 });
  });

  it('keep one store for a pool until its abilities change', async () => {
    const agent = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    await using scene = await startScene([agent]);
    const getStore = () => {
      const [entry] = scene.stores.storesOf(DRIVER).list();
      return entry !== undefined && 'store' in entry.state ? entry.state.store : undefined;
    };
    const first = getStore();

    await scene.pass(5_000);
    expect(getStore()).toBe(first);
    const [pool] = agent.pools;
    if (pool?.state.kind !== 'open') throw new Error('the pool is open');
    const abilities = { ...pool.state.abilities, fsType: 'xfs' };
    agent.pools = [{ ...pool, state: { ...pool.state, abilities } }];
    await scene.pass(5_000);

    expect(getStore()).not.toBe(first);
    expect(getStore()?.abilities.fsType).toBe('xfs');
  });

  it('are unavailable while their agent is silent, and it is asked again at 100 ms, then ever more seldom, up to 5 s', async () => {
    const agent = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    await using scene = await startScene([agent]);
    agent.mood = 'refuses';
    await scene.pass(5_000);
    expect(scene.show()).toEqual(['n1/aaaaaaaa: n1 refuses.']);
    expect(scene.stores.reports.list()).toEqual([]);

    for (const waitMs of [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      const before = agent.asked;
      await scene.pass(waitMs - 1);
      expect(agent.asked).toBe(before);
      await scene.pass(1);
      expect(agent.asked).toBe(before + 1);
    }
    agent.mood = 'answers';
    await scene.pass(5_000);

    expect(scene.show()).toEqual(['n1/aaaaaaaa: open']);
  });

  it('are asked about soon when calls were in trouble, but no sooner while the agent is silent anyway', async () => {
    const agent = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    await using scene = await startScene([agent]);
    agent.mood = 'refuses';

    agent.reportTrouble();
    agent.reportTrouble();
    await scene.pass(0);
    expect(agent.asked).toBe(1);
    await scene.pass(100);
    expect(agent.asked).toBe(2);
    expect(scene.show()).toEqual(['n1/aaaaaaaa: n1 refuses.']);
    agent.reportTrouble();
    await scene.pass(0);

    expect(agent.asked).toBe(2);
  });

  it('tell whoever listens when an agent begins or ends to answer and when it says something new, not of room', async () => {
    const agent = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    await using scene = await startScene([agent]);
    const [pool] = agent.pools;
    if (pool?.state.kind !== 'open') throw new Error('the pool is open');
    expect(scene.changes()).toBe(1);

    agent.pools = [{ ...pool, state: { ...pool.state, room: { ...ROOM, freeBytes: 1 } } }];
    await scene.pass(5_000);
    expect(scene.changes()).toBe(1);
    agent.pools = [{ ...pool, state: { kind: 'unavailable', reason: 'Gone.' } }];
    await scene.pass(5_000);
    expect(scene.changes()).toBe(2);
    agent.mood = 'refuses';
    await scene.pass(5_000);
    await scene.pass(100);

    expect(scene.changes()).toBe(3);
  });

  it('come and go with their agents, and are reached at a new address when there is one', async () => {
    const one = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    const moved = createFakeAgent('n1', [toPool('aaaaaaaa')], 'elsewhere:9810');
    const two = createFakeAgent('n2', [toPool('bbbbbbbb')]);
    await using scene = await startScene([one, two], [], [moved]);
    scene.discovery.set([moved.address]);
    await scene.stores.whenTried();

    expect(scene.show()).toEqual(['n1/aaaaaaaa: open']);
    await scene.pass(0);
    expect([one, moved, two].map(({ connections }) => connections)).toEqual([0, 1, 0]);
  });

  it('are unavailable on nodes that only the registry knows, unless they were released', async () => {
    const agent = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    const known = { driver: DRIVER, poolName: 'fast', nodeName: 'n2', poolId: 'bbbbbbbb' };
    await using scene = await startScene(
      [agent],
      [known, { ...known, nodeName: 'n3', poolId: 'cccccccc', releasedAt: new Date(0) }],
    );

    expect(scene.show()).toEqual([
      'n1/aaaaaaaa: open',
      expect.stringMatching(/^n2\/bbbbbbbb: Node n2, which has pool fast \(bbbbbbbb\), has no agent now/),
    ]);
  });

  it('are known by the registry before their agent has answered for the first time', async () => {
    const agent = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    agent.mood = 'refuses';
    await using scene = await startScene(
      [agent],
      [{ driver: DRIVER, poolName: 'fast', nodeName: 'n1', poolId: 'aaaaaaaa' }],
    );

    expect(scene.show()).toEqual(['n1/aaaaaaaa: n1 refuses.']);
  });

  it('are former when their node answers and does not have them any more', async () => {
    const agent = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    await using scene = await startScene(
      [agent],
      [{ driver: DRIVER, poolName: 'old', nodeName: 'n1', poolId: 'bbbbbbbb' }],
    );

    expect(scene.show()).toEqual(['n1/aaaaaaaa: open']);
    expect(scene.stores.storesOf(DRIVER).listFormer()).toMatchObject([
      {
        poolName: 'old',
        poolId: 'bbbbbbbb',
        state: { unavailable: expect.stringContaining('not configured') },
      },
    ]);
  });

  it('are refused, both, when two nodes show one pool id', async () => {
    const one = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    const two = createFakeAgent('n2', [toPool('aaaaaaaa')]);
    const three = createFakeAgent('n3', [toPool('cccccccc')]);
    await using scene = await startScene([one, two, three]);

    expect(scene.show()).toEqual([
      expect.stringMatching(/^n1\/aaaaaaaa: Nodes n1 and n2 both have a pool with the id aaaaaaaa/),
      expect.stringMatching(/^n2\/aaaaaaaa: Nodes n1 and n2 both/),
      'n3/cccccccc: open',
    ]);
  });

  it('are open where their disk was moved to, although their old node once had them, or remembers that it had', async () => {
    const gone = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    const empty = createFakeAgent('n2', [
      toPool('bbbbbbbb', { state: { kind: 'unavailable', reason: 'The disk is not mounted.' } }),
    ]);
    const heir = createFakeAgent('n3', [toPool('aaaaaaaa'), toPool('bbbbbbbb', { name: 'more' })]);
    await using scene = await startScene([gone, empty, heir]);
    gone.mood = 'refuses';
    await scene.pass(5_000);

    expect(scene.show()).toEqual([
      'n1/aaaaaaaa: n1 refuses.',
      'n2/bbbbbbbb: The disk is not mounted.',
      'n3/aaaaaaaa: open',
      'n3/bbbbbbbb: open',
    ]);
  });

  it('are told apart by their driver, also where two drivers use one name', async () => {
    const other = 'nfs.stowage.dev';
    const one = createFakeAgent('n1', [toPool('aaaaaaaa'), toPool('bbbbbbbb', { driver: other })]);
    const two = createFakeAgent('n2', [toPool('cccccccc', { driver: other })]);
    await using scene = await startScene(
      [one, two],
      [
        { driver: DRIVER, poolName: 'fast', nodeName: 'n2', poolId: 'dddddddd' },
        { driver: other, poolName: 'fast', nodeName: 'n3', poolId: 'eeeeeeee' },
      ],
    );
    const idsOf = (driver: string) => {
      const { list, listFormer } = scene.stores.storesOf(driver);
      return [list(), listFormer()].map((entries) => entries.map(({ poolId }) => poolId));
    };

    expect(idsOf(DRIVER)).toEqual([['aaaaaaaa'], ['dddddddd']]);
    expect(idsOf(other)).toEqual([['bbbbbbbb', 'cccccccc', 'eeeeeeee'], []]);
    expect(idsOf('block.stowage.dev')).toEqual([[], []]);
  });

  it('are refused also when the two nodes that show one pool id do so for two drivers', async () => {
    const one = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    const two = createFakeAgent('n2', [toPool('aaaaaaaa', { driver: 'nfs.stowage.dev' })]);
    await using scene = await startScene([one, two]);

    expect(scene.show()).toEqual([expect.stringMatching(/^n1\/aaaaaaaa: Nodes n1 and n2 both have a pool/)]);
  });

  it('are listed anew only when an agent or the registry has something new, since every call asks for them', async () => {
    const agent = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    await using scene = await startScene([agent]);
    const { list } = scene.stores.storesOf(DRIVER);
    const first = list();

    await scene.pass(5_000);
    expect(list()).toBe(first);
    agent.mood = 'refuses';
    await scene.pass(5_000);
    expect(list()).not.toBe(first);
    expect(scene.show()).toEqual(['n1/aaaaaaaa: n1 refuses.']);
    const second = list();
    scene.setKnown([{ driver: DRIVER, poolName: 'fast', nodeName: 'n2', poolId: 'bbbbbbbb' }]);

    expect(list()).not.toBe(second);
    expect(list()).toHaveLength(2);
  });

  it('are new where they wait and the registry knows nothing, and keep their id where it does', async () => {
    const waiting = { state: { kind: 'awaiting' } } as const;
    const one = createFakeAgent('n1', [toPool(undefined, waiting)]);
    const two = createFakeAgent('n2', [toPool(undefined, waiting)]);
    await using scene = await startScene(
      [one, two],
      [{ driver: DRIVER, poolName: 'fast', nodeName: 'n2', poolId: 'bbbbbbbb' }],
    );

    expect(scene.stores.storesOf(DRIVER).list()).toMatchObject([
      { nodeName: 'n1', poolId: undefined, state: { isNew: true } },
      { nodeName: 'n2', poolId: 'bbbbbbbb', state: { unavailable: expect.stringContaining('admitted') } },
    ]);
    expect(scene.stores.storesOf(DRIVER).list()[1]?.state).not.toHaveProperty('isNew');
  });

  it('are admitted through their agent, which is asked anew then', async () => {
    const agent = createFakeAgent('n1', [toPool(undefined, { state: { kind: 'awaiting' } })]);
    await using scene = await startScene([agent]);
    const request = { driver: DRIVER, poolName: 'fast', knownPoolId: undefined, clusterId: 'c' };

    await scene.stores.reports.admit({ nodeName: 'n1', ...request }, signal);
    agent.pools = [toPool('aaaaaaaa')];
    await scene.pass(0);
    await scene.pass(100);

    expect(agent.admitted).toEqual([request]);
    expect(scene.show()).toEqual(['n1/aaaaaaaa: open']);
    await expect(scene.stores.reports.admit({ nodeName: 'n9', ...request }, signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
    });
  });

  it('tell their room from what the agent said while that is ten seconds old at the most', async () => {
    const agent = createFakeAgent('n1', [toPool('aaaaaaaa')]);
    await using scene = await startScene([agent]);
    const [entry] = scene.stores.storesOf(DRIVER).list();
    if (entry === undefined || !('store' in entry.state)) throw new Error('the pool is open');
    const { store } = entry.state;

    expect(await store.getRoom(signal)).toEqual(ROOM);
    agent.mood = 'hangs';
    scene.clock.advance(10_001);

    expect(await store.getRoom(signal)).toEqual(await agent.store.getRoom(signal));
  });

  it('cost one question and one timer for each agent and interval, with 200 of them', async () => {
    const agents = Array.from({ length: 200 }, (_, index) =>
      createFakeAgent(`n${index}`, [
        toPool(
          `a${index
            .toString(36)
            .padStart(7, 'a')
            .replaceAll(/[0189]/g, 'z')}`,
        ),
      ]),
    );
    await using scene = await startScene(agents);

    await scene.pass(5_000);

    expect(agents.every(({ asked, connections }) => asked === 2 && connections === 1)).toBe(true);
    expect(scene.clock.sleeping).toBe(200);
  });
});
