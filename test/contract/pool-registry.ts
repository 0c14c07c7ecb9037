import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PoolInstance, PoolRegistry, SeenPool } from '../../src/pools/registry.ts';
import { objectId, SEEN } from './registry-samples.ts';

const { signal } = new AbortController();
const MINUTE = 60_000;

/** A registry that is empty at first. */
export interface RegistryFixture extends AsyncDisposable {
  /** The registry as one more program sees it. */
  readonly open: () => PoolRegistry;
}

/** Time as the registry under test sees it. */
export interface RegistryClock {
  nowMs: number;
  now(): number;
}

/** What every home of the registry has to keep to. */
export function describePoolRegistry(
  name: string,
  setup: (clock: RegistryClock) => Promise<RegistryFixture>,
): void {
  describe(`the registry of pools, ${name}`, () => {
    let fixture: RegistryFixture;
    let registry: PoolRegistry;
    const clock: RegistryClock = { nowMs: 0, now: () => clock.nowMs };
    beforeEach(async () => {
      clock.nowMs = 1_000_000;
      fixture = await setup(clock);
      registry = fixture.open();
    });
    afterEach(async () => await fixture[Symbol.asyncDispose]());

    const record = async (change: Partial<SeenPool> = {}, by = registry): Promise<PoolInstance> =>
      await by.record({ ...SEEN, ...change }, signal);
    const release = async (by: 'policy' | 'operator' = 'policy'): Promise<PoolInstance> =>
      await registry.release({ poolId: SEEN.poolId, by }, signal);
    const get = async (poolId = SEEN.poolId): Promise<PoolInstance | undefined> =>
      await fixture.open().findById(poolId, signal);

    it('can be written, as far as it can tell, before anything is', async () => {
      await expect(registry.check(signal)).resolves.toBeUndefined();
      await record();
      await expect(registry.check(signal)).resolves.toBeUndefined();
    });

    describe('instances', () => {
      it('are not there at first', async () => {
        expect(await registry.find(SEEN, signal)).toBeUndefined();
        expect(await registry.findById(SEEN.poolId, signal)).toBeUndefined();
        expect(await registry.list(signal)).toEqual([]);
      });

      it('are remembered with what was seen and when', async () => {
        const recorded = await record();

        const firstSeen = new Date(1_000_000);
        expect(recorded).toEqual({ ...SEEN, firstSeen, lastSeen: firstSeen, release: undefined });
        expect(await fixture.open().list(signal)).toEqual([recorded]);
        expect(await fixture.open().find(SEEN, signal)).toEqual(recorded);
        expect(await registry.find({ ...SEEN, nodeName: 'node-2' }, signal)).toBeUndefined();
        expect(await registry.find({ ...SEEN, driver: 'nfs.stowage.dev' }, signal)).toBeUndefined();
      });

      it('are noted again once a minute, their room as well', async () => {
        await record();
        const room = { totalBytes: 1000, freeBytes: 1, promisedBytes: 999, availableBytes: 1 };
        clock.nowMs += MINUTE - 1;
        await record({ room });
        expect(await get()).toMatchObject({ lastSeen: new Date(1_000_000), room: SEEN.room });

        clock.nowMs += 1;
        await record({ room });
        expect(await get()).toMatchObject({ lastSeen: new Date(clock.nowMs), room });
      });

      it('are noted again when they were noted by a clock that was far ahead', async () => {
        await record();
        clock.nowMs -= 61 * MINUTE;
        await record();

        expect(await get()).toMatchObject({ lastSeen: new Date(clock.nowMs) });
      });

      it.each<[string, Partial<SeenPool>]>([
        ['a condition', { condition: 'unavailable' }],
        ['a policy', { onNodeLoss: { action: 'release', afterSeconds: 60 } }],
        ['a new name', { poolName: 'fast' }],
      ])('are noted at once when they say something new: %s', async (_, change) => {
        await record();
        await record(change);

        expect(await get()).toMatchObject(change);
      });

      it('are noted at once when they have a room for the first time', async () => {
        await record({ room: undefined });
        await record();

        expect(await get()).toMatchObject({ room: SEEN.room });
      });

      it('keep the room that they had when they do not say any', async () => {
        await record();
        await record({ condition: 'unavailable', room: undefined });

        expect(await get()).toMatchObject({ room: SEEN.room });
      });

      it('lose nothing to several programs that record at once', async () => {
        const poolIds = ['aaaaaaaa', 'bbbbbbbb', 'cccccccc', 'dddddddd', 'eeeeeeee'];
        await Promise.all(
          poolIds.flatMap((poolId) => [
            record({ poolId, nodeName: poolId }, fixture.open()),
            record({ poolId, nodeName: poolId }, fixture.open()),
          ]),
        );

        const listed = (await registry.list(signal)).map((instance) => instance.poolId);
        expect(listed.toSorted()).toEqual(poolIds);
      });
    });

    describe('ids that show twice', () => {
      it('at a place that another pool holds: refused', async () => {
        await record();

        await expect(record({ poolId: 'bbbbbbbb' })).rejects.toMatchObject({
          code: 'PRECONDITION_FAILED',
          message: expect.stringContaining('stowage pools forget aaaaaaaa'),
        });
        expect(await registry.list(signal)).toHaveLength(1);
      });

      it('on another node while the first one is alive: a copy, refused', async () => {
        await record();

        await expect(record({ nodeName: 'node-2' })).rejects.toMatchObject({
          code: 'PRECONDITION_FAILED',
          message: expect.stringMatching(/node-2.*node-1, which was alive just now.*copy/),
        });
        expect(await get()).toMatchObject({ nodeName: 'node-1' });
      });

      it('on another node while the first one is silent: refused until it is forgotten, then registered there', async () => {
        await record();
        await registry.noteSilence(SEEN.poolId, signal);
        await expect(record({ nodeName: 'node-2' })).rejects.toMatchObject({
          code: 'PRECONDITION_FAILED',
          message: expect.stringContaining('stowage pools forget aaaaaaaa'),
        });

        await release('operator');
        await record({ nodeName: 'node-2' });

        expect(await get()).toMatchObject({ nodeName: 'node-2', release: { by: 'operator' } });
      });

      it('on two nodes after it was given up: the first one that shows it has it', async () => {
        await record();
        await release();
        await record({ nodeName: 'node-2' });
        await registry.startReturn(SEEN.poolId, signal);

        await expect(record()).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
      });
    });

    describe('silence', () => {
      it('is noted, and over with the next sign of life', async () => {
        await record();
        await registry.noteSilence(SEEN.poolId, signal);
        expect(await get()).toMatchObject({ condition: 'silent', lastSeen: new Date(1_000_000) });

        await record();
        expect(await get()).toMatchObject({ condition: 'open' });
      });

      it('of a pool that is unknown is nothing', async () => {
        await registry.noteSilence('bbbbbbbb', signal);

        expect(await registry.list(signal)).toEqual([]);
      });
    });

    describe('a pool that is given up', () => {
      it('is released once, and stays so when it is seen', async () => {
        await record();
        await release();
        clock.nowMs += MINUTE;
        await release();
        await record();

        const at = new Date(1_000_000);
        expect(await get()).toMatchObject({ release: { at, by: 'policy', isReturning: false } });
      });

      it('has to be registered', async () => {
        await expect(release()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      });

      it('by its policy: is still what is known of its place', async () => {
        await record();
        await release();

        expect(await registry.find(SEEN, signal)).toMatchObject({ poolId: SEEN.poolId });
      });

      it('by an operator: leaves its place to a new one', async () => {
        await record();
        await release();
        await release('operator');
        await release('policy');
        expect(await registry.find(SEEN, signal)).toBeUndefined();

        await record({ poolId: 'bbbbbbbb' });
        expect(await registry.find(SEEN, signal)).toMatchObject({ poolId: 'bbbbbbbb' });
        expect(await registry.list(signal)).toHaveLength(2);
      });

      it('comes back in two steps', async () => {
        await record();
        await release('operator');
        await registry.startReturn(SEEN.poolId, signal);
        await registry.startReturn(SEEN.poolId, signal);
        expect(await get()).toMatchObject({ release: { by: 'operator', isReturning: true } });
        expect(await registry.find(SEEN, signal)).toMatchObject({ poolId: SEEN.poolId });

        await registry.finishReturn(SEEN.poolId, signal);
        expect(await get()).toMatchObject({ release: undefined });
      });

      it('is not back when it was given up again in between', async () => {
        await record();
        await release();
        await registry.startReturn(SEEN.poolId, signal);
        await release();
        await registry.finishReturn(SEEN.poolId, signal);

        expect(await get()).toMatchObject({ release: { isReturning: false } });
      });

      it('cannot come back when it was never given up', async () => {
        await record();
        await registry.startReturn(SEEN.poolId, signal);

        expect(await get()).toMatchObject({ release: undefined });
      });
    });

    describe('tombstones', () => {
      const bury = async (id: string, by = registry): Promise<boolean> =>
        await by.bury({ poolId: SEEN.poolId, objectId: id }, signal);
      const listIds = async (poolId: string | undefined = SEEN.poolId): Promise<readonly string[]> =>
        (await fixture.open().listTombstones(poolId, signal))
          .map((tombstone) => tombstone.objectId)
          .toSorted();

      it('are written for a released pool, each once, with the time of the first', async () => {
        await record();
        await release();
        const ids = [objectId('v'), objectId('s', 'snapshot')];
        for (const id of ids) expect(await bury(id)).toBe(true);
        clock.nowMs += MINUTE;
        expect(await bury(objectId('v2'))).toBe(true);
        expect(await bury(ids[0] ?? '')).toBe(true);

        const listed = await fixture.open().listTombstones(undefined, signal);
        expect(listed).toHaveLength(3);
        expect(listed).toContainEqual({ poolId: SEEN.poolId, objectId: ids[0], at: new Date(1_000_000) });
      });

      it.each<[string, () => Promise<unknown>]>([
        ['is not known', async () => undefined],
        ['is held', async () => await record()],
        [
          'is returning',
          async () => {
            await record();
            await release();
            await registry.startReturn(SEEN.poolId, signal);
          },
        ],
      ])('are refused for a pool that %s', async (_, prepare) => {
        await prepare();

        expect(await bury(objectId('v'))).toBe(false);
        expect(await listIds()).toEqual([]);
      });

      it.each(['../../etc/passwd', '', 'bbbbbbbb-aaaaaaaaaaaaaaaaaaaaaaaaaa-aaaaaaaa'])(
        'are refused for what is no object of the pool: %j',
        async (id) => {
          await record();
          await release();

          expect(await bury(id)).toBe(false);
        },
      );

      it('are of one pool or of all', async () => {
        await record();
        await release();
        const id = objectId('v');
        await bury(id);

        expect(await listIds('bbbbbbbb')).toEqual([]);
        expect(await listIds()).toEqual([id]);
      });

      it('are removed one by one; again is fine', async () => {
        await record();
        await release();
        const [first, second] = [objectId('v1'), objectId('v2')];
        await bury(first);
        await bury(second);
        const tombstone = { poolId: SEEN.poolId, objectId: first };
        await registry.removeTombstone(tombstone, signal);
        await registry.removeTombstone(tombstone, signal);

        expect(await listIds()).toEqual([second]);
      });

      it('are not lost to one another when two programs write at once', async () => {
        await record();
        await release();
        const ids = Array.from({ length: 40 }, (_, index) => objectId(`v${index}`));
        const programs = [fixture.open(), fixture.open()] as const;
        const answers = await Promise.all(
          ids.map(async (id, index) => await bury(id, programs[index % 2 === 0 ? 0 : 1])),
        );

        expect(answers.every(Boolean)).toBe(true);
        expect(await listIds()).toEqual(ids.toSorted());
      });

      it('that were answered with true are seen by whoever starts the return after', async () => {
        await record();
        await release();
        const ids = Array.from({ length: 20 }, (_, index) => objectId(`v${index}`));
        const other = fixture.open();
        const answers = Promise.all(ids.map(async (id) => ((await bury(id)) ? [id] : [])));
        await other.startReturn(SEEN.poolId, signal);
        const seen = await listIds();

        for (const [id] of await answers) expect(id === undefined || seen.includes(id)).toBe(true);
      });
    });
  });
}
