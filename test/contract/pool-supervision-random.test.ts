import { describe, expect, it } from 'vitest';
import { DriverError } from '../../src/domain/errors.ts';
import { createFakePool, type FakeNode } from '../support/fake-nodes.ts';
import { createSeededRandom, type SeededRandom } from '../support/seeded-random.ts';
import {
  createOn,
  createSupervisedCluster,
  type SupervisedCluster,
  type TestedController,
} from '../support/supervised-cluster.ts';

const { signal } = new AbortController();
const STEPS = 120;
const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const POOLS = { a: 'aaaaaaaa', b: 'bbbbbbbb', c: 'cccccccc' } as const;
const NAMES = ['a', 'b', 'c'] as const;

/** What a client knows of its volumes: of one whose deletion was not answered, nothing. */
type Knowledge = 'there' | 'unsure' | 'deleted';

/** A cluster to which anything may happen at any time, and what has to be so all the same. */
class Story {
  readonly #random: SeededRandom;
  readonly #cluster: SupervisedCluster = createSupervisedCluster(signal);
  readonly #nodes: readonly FakeNode[];
  readonly #volumes = new Map<string, Knowledge>();
  #controllers: TestedController[] = [];
  #made = 0;
  readonly complaints: string[] = [];

  constructor(seed: number) {
    this.#random = createSeededRandom('pools', seed);
    this.#nodes = NAMES.map((name) =>
      this.#cluster.add(name, createFakePool('ssd', POOLS[name], name === 'c' ? undefined : 300)),
    );
  }

  async play(): Promise<void> {
    this.#controllers = [await this.#cluster.startController(), await this.#cluster.startController()];
    for (let step = 0; step < STEPS; step += 1) {
      const count = this.#random.between(1, 4);
      await Promise.all(Array.from({ length: count }, async () => await this.#act()));
      if (this.#random.chance(0.1)) await this.#restart();
      await this.#checkList();
    }
    await this.#end();
  }

  async #act(): Promise<void> {
    const acts: readonly (() => Promise<unknown> | void)[] = [
      async () => await this.#create(),
      async () => await this.#create(),
      async () => await this.#delete(),
      async () => await this.#delete(),
      async () => await this.#delete(),
      async () => await this.#pass(),
      async () => await this.#pass(),
      async () => await this.#pass(),
      () => this.#turn(),
      () => this.#turn(),
      async () => await this.#forget(),
      () => this.#break(),
      () => this.#setClocks(),
    ];
    await this.#random.pick(acts)();
  }

  async #create(): Promise<void> {
    this.#made += 1;
    const made = createOn(this.#pick(), `v${this.#made}`, this.#random.pick(NAMES));
    const id = await made.catch(onlyExpected);
    if (id !== undefined) this.#volumes.set(id, 'there');
  }

  async #delete(): Promise<void> {
    if (this.#volumes.size === 0) return;
    const id = this.#random.pick([...this.#volumes.keys()]);
    if (this.#volumes.get(id) !== 'deleted') this.#volumes.set(id, 'unsure');
    const answer = await this.#pick()
      .backend.deleteVolume({ volumeId: id }, signal)
      .then(() => 'OK')
      .catch(onlyExpected);
    if (answer === 'OK') this.#volumes.set(id, 'deleted');
  }

  async #pass(): Promise<void> {
    const controller = this.#pick();
    const rounds = this.#random.pick([1, 7, 14]);
    // Longer than half a minute: it was stopped.
    const apartMs = this.#random.pick([SECOND, 30 * SECOND, 30 * SECOND, 200 * SECOND]);
    for (let round = 0; round < rounds; round += 1) {
      this.#cluster.nowMs += apartMs;
      await controller.round().catch(onlyExpected);
    }
  }

  #turn(): void {
    const node = this.#random.pick(this.#nodes);
    node.isAnswering = !node.isAnswering;
  }

  async #forget(): Promise<void> {
    const poolId = POOLS[this.#random.pick(NAMES)];
    await this.#cluster.registry.release({ poolId, by: 'operator' }, signal).catch(onlyExpected);
  }

  #setClocks(): void {
    this.#cluster.setMs += this.#random.pick([-1, 1]) * this.#random.pick([MINUTE, HOUR, 1000 * HOUR]);
  }

  async #restart(): Promise<void> {
    const old = this.#controllers.shift();
    // It starts once the registry can be read.
    this.#cluster.memory.failWith(undefined);
    this.#controllers.push(await this.#cluster.startController({ hasLease: this.#random.chance(0.7) }));
    await old?.[Symbol.asyncDispose]();
  }

  #break(): void {
    const failure = this.#random.chance(0.5) ? new DriverError('POOL_UNAVAILABLE', 'It hangs.') : undefined;
    if (this.#random.chance(0.4)) this.#cluster.memory.failWith(failure);
    else for (const pool of this.#random.pick(this.#nodes).pools) pool.store?.failWith(failure);
  }

  /** A list that is given has to be whole: every volume that is there and whose pool was not given up is in it. */
  async #checkList(): Promise<void> {
    const controller = this.#pick();
    // What is a moment old may be told of a pool that came back in that moment; not what is older.
    const isRead = await controller.round().then(
      () => true,
      () => false,
    );
    if (!isRead) this.#cluster.nowMs += 31 * SECOND;
    const before = await this.#listHeld();
    const listed = await controller.backend
      .listVolumes({ maxEntries: 0, startingToken: undefined }, signal)
      .catch(onlyExpected);
    const after = await this.#listHeld();
    if (listed === undefined) return;
    const ids = new Set(listed.entries.map(({ id }) => id));
    for (const [id, knowledge] of this.#volumes) {
      const poolId = id.slice(0, 8);
      const isHeld = before.has(poolId) && after.has(poolId);
      if (knowledge === 'there' && isHeld && !ids.has(id)) this.complaints.push(`${id} is not in a list`);
    }
  }

  async #listHeld(): Promise<ReadonlySet<string>> {
    const instances = await this.#cluster.registry.list(signal).catch(onlyExpected);
    return new Set(
      (instances ?? []).filter(({ release }) => release === undefined).map(({ poolId }) => poolId),
    );
  }

  /** Everything is mended, and some time goes by: what was answered has to be true. */
  async #end(): Promise<void> {
    this.#cluster.memory.failWith(undefined);
    for (const node of this.#nodes) {
      node.isAnswering = true;
      for (const pool of node.pools) pool.store?.failWith(undefined);
    }
    for (const controller of this.#controllers) controller.lease.give();
    for (let round = 0; round < 8; round += 1) {
      this.#cluster.nowMs += 300 * SECOND;
      for (const controller of this.#controllers) await controller.round();
    }
    await this.#checkVolumes();
    for (const controller of this.#controllers) {
      const closed = controller.stores.list().filter(({ state }) => !('store' in state));
      if (closed.length > 0) this.complaints.push(`not open: ${JSON.stringify(closed)}`);
      await controller[Symbol.asyncDispose]();
    }
  }

  async #checkVolumes(): Promise<void> {
    const kept = await this.#listKept();
    for (const [id, knowledge] of this.#volumes) {
      if (knowledge === 'there' && !kept.has(id)) this.complaints.push(`${id} is lost`);
      if (knowledge === 'deleted' && kept.has(id)) this.complaints.push(`${id} was deleted, and is there`);
    }
    const graves = await this.#cluster.registry.listTombstones(undefined, signal);
    if (graves.length > 0) this.complaints.push(`${graves.length} tombstones are left`);
  }

  /** What is on the disks. */
  async #listKept(): Promise<ReadonlySet<string>> {
    const stores = this.#nodes.flatMap(({ pools }) => pools).flatMap(({ store }) => store ?? []);
    const pages = await Promise.all(
      stores.map(
        async (store) => await store.listVolumes({ maxEntries: 0, startingToken: undefined }, signal),
      ),
    );
    return new Set(pages.flatMap(({ entries }) => entries).map(({ id }) => id));
  }

  #pick(): TestedController {
    return this.#random.pick(this.#controllers);
  }
}

/** What may well happen to a call in such a cluster; everything else is a defect. */
function onlyExpected(error: unknown): undefined {
  if (error instanceof DriverError && ['POOL_UNAVAILABLE', 'NO_ROOM'].includes(error.code)) return undefined;
  throw error;
}

describe('pools to which anything may happen', () => {
  it.each(SEEDS)('keep every answer that was given (seed %d)', async (seed) => {
    const story = new Story(seed);
    await story.play();

    expect(story.complaints).toEqual([]);
  });
});
