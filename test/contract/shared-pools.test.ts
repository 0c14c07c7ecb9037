import { describe, expect, it } from 'vitest';
import { RemoteStores } from '../../src/agent/remote-stores.ts';
import type { StoreEntry } from '../../src/filestore/store-directory.ts';
import { gatePools, type GatedPools } from '../../src/main/gated-pools.ts';
import type { FileStore } from '../../src/filestore/file-store.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { shareReports } from '../../src/pools/shared/shared-reports.ts';
import { shareStores } from '../../src/pools/shared/shared-stores.ts';
import { createFakeAgent, createFakeDiscovery, type FakeAgent, toPool } from '../support/fake-agents.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { createFakeLease } from '../support/fake-lease.ts';
import { createMemoryRegistry } from '../support/memory-registry.ts';

const signal = AbortSignal.timeout(60_000);
const DRIVER = 'nfs.stowage.dev';

interface Cluster extends AsyncDisposable {
  readonly memory: ReturnType<typeof createMemoryRegistry>;
  start(): Promise<Controller>;
}

interface Controller {
  /** What calls see: `shared/aaaaaaaa on node-1`, or the sentence. */
  show(): string;
  readonly list: () => readonly StoreEntry[];
}

function toShared(poolId: string | undefined, changes: Parameters<typeof toPool>[1] = {}) {
  const settings = { releaseAfterSeconds: undefined, isShared: true } as const;
  return toPool(poolId, { name: 'web', driver: DRIVER, settings, ...changes });
}

/** Controllers of one cluster, each with its own eyes on the same agents. */
function createCluster(agents: readonly FakeAgent[], clock: FakeClock): Cluster {
  const memory = createMemoryRegistry(clock);
  const started: { readonly remote: RemoteStores; readonly pools: GatedPools<FileStore> }[] = [];
  return {
    memory,
    async start() {
      const registry = memory.open();
      const remote: RemoteStores = new RemoteStores({
        discovery: createFakeDiscovery(agents.map(({ address }) => address)),
        listKnown: () => pools.listInstances(),
        connect: ({ nodeName }, onTrouble) => {
          const agent = agents.find(({ address }) => address.nodeName === nodeName);
          if (agent === undefined) throw new Error(`there is no agent ${nodeName}`);
          return agent.connect(onTrouble);
        },
        clock,
        logger: silentLogger,
      });
      const shared = shareStores(remote.storesOf(DRIVER));
      const lease = createFakeLease();
      lease.give();
      const pools = gatePools({
        driver: DRIVER,
        clusterId: 'cluster',
        registry,
        reports: shareReports(remote.reports, DRIVER),
        stores: shared.places,
        lease,
        clock,
        logger: silentLogger,
      });
      const stores = shared.withAgents(pools.stores);
      remote.start();
      await remote.whenTried();
      await pools.start(signal);
      started.push({ remote, pools });
      return { list: () => stores.list(), show: () => stores.list().map(toText).join('\n') };
    },
    async [Symbol.asyncDispose]() {
      for (const { remote, pools } of started) {
        await pools.close();
        await remote.close();
      }
    },
  };
}

function toText({ poolName, poolId, nodeName, state }: StoreEntry): string {
  return 'store' in state ? `${poolName}/${poolId ?? ''} on ${nodeName}` : state.unavailable;
}

/** Until it shows this, in rounds of supervision. */
async function until(clock: FakeClock, controller: Controller, pattern: RegExp): Promise<string> {
  for (let round = 0; round < 100; round += 1) {
    if (pattern.test(controller.show())) return controller.show();
    clock.advance(5_000);
    await new Promise(setImmediate);
  }
  throw new Error(`it shows: ${controller.show()}`);
}

describe('pools that several agents share', () => {
  it('are registered once, and every controller chooses the same agent', async () => {
    const clock = new FakeClock();
    const agents = ['node-1', 'node-2', 'node-3'].map((name) =>
      createFakeAgent(name, [toShared('aaaaaaaa')]),
    );
    await using cluster = createCluster(agents, clock);
    const [one, other] = [await cluster.start(), await cluster.start()];

    const chosen = await until(clock, one, /^web\/aaaaaaaa on node-/);

    expect(await until(clock, other, /^web\/aaaaaaaa on node-/)).toBe(chosen);
    const registered = await cluster.memory.open().list(signal);
    expect(registered.map(({ nodeName, poolId }) => `${nodeName} ${poolId}`)).toEqual(['any/web aaaaaaaa']);
  });

  it('are given to another agent when theirs falls silent, and are out of reach when all do', async () => {
    const clock = new FakeClock();
    const agents = ['node-1', 'node-2'].map((name) => createFakeAgent(name, [toShared('aaaaaaaa')]));
    await using cluster = createCluster(agents, clock);
    const controller = await cluster.start();
    const first = await until(clock, controller, /^web\/aaaaaaaa on node-/);
    const chosen = agents.find(({ address }) => first.endsWith(address.nodeName));
    const other = agents.find((agent) => agent !== chosen);
    if (chosen === undefined || other === undefined) throw new Error(first);

    chosen.mood = 'refuses';
    chosen.reportTrouble();
    await until(clock, controller, new RegExp(`^web/aaaaaaaa on ${other.address.nodeName}$`));
    for (const agent of agents) {
      agent.mood = 'refuses';
      agent.reportTrouble();
    }
    const gone = await until(clock, controller, /^None of its 2 agents/);

    expect(gone).toContain('refuses');
    expect(controller.list()).toMatchObject([{ poolId: 'aaaaaaaa', state: { unavailable: gone } }]);
  });

  it('stay known to a controller that starts while no agent answers', async () => {
    const clock = new FakeClock();
    const agent = createFakeAgent('node-1', [toShared('aaaaaaaa')]);
    await using cluster = createCluster([agent], clock);
    await until(clock, await cluster.start(), /^web\/aaaaaaaa on node-1/);
    agent.mood = 'refuses';

    const late = await cluster.start();

    expect(late.list()).toMatchObject([
      { poolName: 'web', poolId: 'aaaaaaaa', state: { unavailable: expect.stringContaining('None of') } },
    ]);
  });

  it('are made by one agent, and the others are admitted to what it has made', async () => {
    const clock = new FakeClock();
    const waiting = toShared(undefined, { state: { kind: 'awaiting' } });
    const agents = ['node-1', 'node-2', 'node-3'].map((name) => createFakeAgent(name, [waiting]));
    await using cluster = createCluster(agents, clock);
    const controller = await cluster.start();
    await cluster.start();
    await until(clock, controller, /admitted/);
    await expect.poll(() => agents.filter(({ admitted }) => admitted.length > 0)).toHaveLength(1);
    const maker = agents.find(({ admitted }) => admitted.length > 0);
    if (maker === undefined) throw new Error('nobody was told');
    expect(maker.admitted[0]).toMatchObject({ poolName: 'web', knownPoolId: undefined });

    maker.pools = [toShared('aaaaaaaa')];
    maker.reportTrouble();
    await until(clock, controller, /^web\/aaaaaaaa on /);

    for (const agent of agents.filter((each) => each !== maker)) {
      await expect
        .poll(() => {
          clock.advance(5_000);
          return agent.admitted;
        })
        .toContainEqual(expect.objectContaining({ knownPoolId: 'aaaaaaaa' }));
    }
  });

  it('of another cluster are not used, though their agent has them open', async () => {
    const clock = new FakeClock();
    const agent = createFakeAgent('node-1', [toShared('aaaaaaaa')]);
    agent.refusal = 'Pool web (aaaaaaaa) belongs to cluster other.';
    await using cluster = createCluster([agent], clock);
    const controller = await cluster.start();

    await expect
      .poll(() => {
        clock.advance(5_000);
        return agent.admitted.length;
      })
      .toBeGreaterThan(0);

    expect(controller.show()).not.toMatch(/^web\/aaaaaaaa/);
    expect(await cluster.memory.open().list(signal)).toEqual([]);
  });
});
