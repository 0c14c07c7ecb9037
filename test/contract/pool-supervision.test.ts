import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriverError } from '../../src/domain/errors.ts';
import { createFakePool, DRIVER, type FakePool } from '../support/fake-nodes.ts';
import { createOn, createTwoNodes, getState, pass } from '../support/supervised-cluster.ts';

const { signal } = new AbortController();
const SECOND = 1000;
const MINUTE = 60 * SECOND;

describe('pools under supervision', () => {
  let { cluster, a, b, ssd } = createTwoNodes(signal);
  beforeEach(() => {
    ({ cluster, a, b, ssd } = createTwoNodes(signal));
  });
  afterEach(() => cluster[Symbol.asyncDispose]());

  it('are registered before they are used, by every controller', async () => {
    const controller = await cluster.startController({ hasLease: false });

    expect(await cluster.get('aaaaaaaa')).toMatchObject({
      driver: DRIVER,
      poolName: 'ssd',
      nodeName: 'a',
      onNodeLoss: { action: 'release', afterSeconds: 300 },
    });
    expect(getState(controller, 'aaaaaaaa')).toBe('open');
    b.pools.push(createFakePool('hdd', 'cccccccc'));
    expect(getState(controller, 'cccccccc')).toContain('being registered');
    await controller.round();
    expect(getState(controller, 'cccccccc')).toBe('open');
  });

  it('go on when they cannot be written down, new ones apart, which is said until they can', async () => {
    const controller = await cluster.startController({ hasLease: false });
    cluster.memory.failWritesWith(new DriverError('POOL_UNAVAILABLE', 'No rights.'), {
      isForeseen: false,
    });
    b.pools.push(createFakePool('hdd', 'cccccccc'));
    cluster.nowMs += MINUTE;

    await controller.round();
    expect(getState(controller, 'aaaaaaaa')).toBe('open');
    expect(getState(controller, 'cccccccc')).toBe('not there');
    expect(controller.findObstacle()).toBe('No rights.');
    cluster.memory.failWritesWith(undefined);
    await controller.round();

    expect(getState(controller, 'cccccccc')).toBe('open');
    expect(controller.findObstacle()).toBeUndefined();
  });

  it('name no obstacle where only one of them is refused', async () => {
    const controller = await cluster.startController();
    b.pools.splice(0, 1, createFakePool('ssd', 'dddddddd'));

    await controller.round();

    expect(await cluster.get('dddddddd')).toBeUndefined();
    expect(controller.findObstacle()).toBeUndefined();
  });

  it('are written down once a minute, not with every round', async () => {
    const controller = await cluster.startController();
    const before = cluster.memory.writes();
    for (let round = 0; round < 12; round += 1) {
      cluster.nowMs += 5 * SECOND;
      await controller.round();
    }

    expect(cluster.memory.writes() - before).toBe(2);
  });

  it('of another cluster are neither registered nor used, and in nobody’s way', async () => {
    a.pools.push({ ...createFakePool('foreign', 'cccccccc'), isForeign: true });
    const controller = await cluster.startController();

    expect(await cluster.get('cccccccc')).toBeUndefined();
    expect(getState(controller, 'cccccccc')).toBe('not there');
    expect(controller.stores.listFormer?.()).toMatchObject([
      { poolId: 'cccccccc', state: { unavailable: 'It belongs to another cluster.' } },
    ]);
    expect(getState(controller, 'aaaaaaaa')).toBe('open');
  });

  it('are looked after when a node has something to say, without waiting for the next round', async () => {
    await cluster.startController();
    b.pools.push(createFakePool('hdd', 'cccccccc'));
    cluster.tell();

    await expect.poll(async () => await cluster.get('cccccccc')).toBeDefined();
  });

  describe('that wait for admission', () => {
    const waiting: FakePool = {
      name: 'new',
      store: undefined,
      isOpen: false,
      releaseAfterSeconds: undefined,
    };
    beforeEach(() => a.pools.push(waiting));

    it('are admitted as new when the registry was read and knows none', async () => {
      await cluster.startController();

      expect(cluster.admitted).toContainEqual({
        driver: DRIVER,
        nodeName: 'a',
        poolName: 'new',
        knownPoolId: undefined,
        clusterId: 'cluster',
      });
    });

    it('are admitted under the id that they had when the registry knows one', async () => {
      const known = { driver: DRIVER, poolName: 'new', nodeName: 'a', poolId: 'cccccccc' } as const;
      await cluster.registry.record(
        { ...known, onNodeLoss: { action: 'keep' }, condition: 'open', room: undefined },
        signal,
      );
      await cluster.startController();

      const words = cluster.admitted.filter(({ poolName }) => poolName === 'new');
      expect(new Set(words.map(({ knownPoolId }) => knownPoolId))).toEqual(new Set(['cccccccc']));
    });

    it('wait on while the registry cannot be read, and without the lease', async () => {
      const controller = await cluster.startController({ hasLease: false });
      cluster.memory.failWith(new DriverError('POOL_UNAVAILABLE', 'It cannot be read.'));
      controller.lease.give();
      await expect(controller.round()).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });

      expect(cluster.admitted.filter(({ poolName }) => poolName === 'new')).toEqual([]);
    });
  });

  describe('of a node that does not answer', () => {
    it('are unavailable, never gone, also for a controller that was started after', async () => {
      await cluster.startController();
      cluster.nodes.shift();
      const controller = await cluster.startController();

      expect(getState(controller, 'aaaaaaaa')).toMatch(/Node a does not answer.*stowage nodes forget a/);
      await expect(
        controller.backend.listVolumes({ maxEntries: 0, startingToken: undefined }, signal),
      ).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
    });

    it('are noted as silent after some minutes', async () => {
      const controller = await cluster.startController();
      a.isAnswering = false;
      await pass(cluster, controller, 2 * MINUTE);
      expect(await cluster.get('aaaaaaaa')).toMatchObject({ condition: 'open' });

      await pass(cluster, controller, MINUTE);
      expect(await cluster.get('aaaaaaaa')).toMatchObject({ condition: 'silent' });
    });

    it('are given up by their policy, those that are kept are not', async () => {
      a.pools.push(createFakePool('kept', 'cccccccc'));
      const controller = await cluster.startController();
      a.isAnswering = false;
      await pass(cluster, controller, 4.5 * MINUTE);
      expect(await cluster.get('aaaaaaaa')).toMatchObject({ release: undefined });

      await pass(cluster, controller, 2 * MINUTE);
      expect(await cluster.get('aaaaaaaa')).toMatchObject({ release: { by: 'policy', isReturning: false } });
      expect(await cluster.get('cccccccc')).toMatchObject({ release: undefined });
      expect(getState(controller, 'aaaaaaaa')).toBe('not there');
    });

    it.each([
      ['forward', 24 * 60 * MINUTE],
      ['back', -24 * 60 * MINUTE],
    ])('are given up after their time, not before, when the clock is set %s', async (_, byMs) => {
      const controller = await cluster.startController();
      a.isAnswering = false;
      await pass(cluster, controller, 2 * MINUTE);
      cluster.setMs += byMs;
      await pass(cluster, controller, 2.5 * MINUTE);
      expect(await cluster.get('aaaaaaaa')).toMatchObject({ release: undefined });

      await pass(cluster, controller, 2 * MINUTE);
      expect(await cluster.get('aaaaaaaa')).toMatchObject({ release: { by: 'policy' } });
    });

    it('are not given up by a controller without the lease', async () => {
      const controller = await cluster.startController({ hasLease: false });
      a.isAnswering = false;
      await pass(cluster, controller, 10 * MINUTE);

      expect(await cluster.get('aaaaaaaa')).toMatchObject({ release: undefined });
    });

    it('are not given up by a controller that has just started, however long ago they were seen', async () => {
      const before = await cluster.startController();
      await before[Symbol.asyncDispose]();
      a.isAnswering = false;
      cluster.nowMs += 1000 * MINUTE;
      const controller = await cluster.startController();
      await pass(cluster, controller, 4.5 * MINUTE);
      expect(await cluster.get('aaaaaaaa')).toMatchObject({ release: undefined });

      await pass(cluster, controller, MINUTE);
      expect(await cluster.get('aaaaaaaa')).toMatchObject({ release: { by: 'policy' } });
    });

    it('are not given up by a controller that was stopped itself, and has not heard them again yet', async () => {
      const controller = await cluster.startController();
      cluster.nowMs += 60 * MINUTE;
      a.isAnswering = false;
      await controller.round();
      await pass(cluster, controller, 4.5 * MINUTE);
      expect(await cluster.get('aaaaaaaa')).toMatchObject({ condition: 'silent', release: undefined });

      await pass(cluster, controller, MINUTE);
      expect(await cluster.get('aaaaaaaa')).toMatchObject({ release: { by: 'policy' } });
    });

    it('are not given up by a controller that hears nobody, which is cut off itself', async () => {
      const controller = await cluster.startController();
      a.isAnswering = false;
      b.isAnswering = false;
      await pass(cluster, controller, 60 * MINUTE);

      expect(await cluster.get('aaaaaaaa')).toMatchObject({ release: undefined });
    });

    it('are not given up by a controller that alone does not hear the node', async () => {
      const deaf = await cluster.startController();
      for (let minute = 0; minute < 20; minute += 1) {
        cluster.nowMs += MINUTE;
        // Another controller hears it, and writes it down.
        const seen = await cluster.get('aaaaaaaa');
        if (seen !== undefined) await cluster.registry.record({ ...seen, condition: 'open' }, signal);
        a.isAnswering = false;
        await deaf.round();
      }

      expect(await cluster.get('aaaaaaaa')).toMatchObject({ release: undefined });
    });
  });

  describe('with one id in two places', () => {
    it('are used at neither while both are open', async () => {
      const controller = await cluster.startController();
      b.pools.push({ ...ssd, name: 'copy' });
      await controller.round();

      expect(getState(controller, 'aaaaaaaa')).toMatch(/one is a copy of the other, and neither is used/);
      expect(await cluster.get('aaaaaaaa')).toMatchObject({ nodeName: 'a' });
      b.pools.pop();
      await controller.round();
      expect(getState(controller, 'aaaaaaaa')).toBe('open');
    });

    it('are used where they are open, when another node has only heard of them', async () => {
      const controller = await cluster.startController();
      b.pools.push({ ...ssd, name: 'ghost', isOpen: false });
      await controller.round();

      expect(getState(controller, 'aaaaaaaa')).toBe('open');
      expect(controller.stores.list().map(({ poolName }) => poolName)).not.toContain('ghost');
    });

    it('at a place that has another pool: the newcomer is not used', async () => {
      const controller = await cluster.startController();
      a.pools = [createFakePool('ssd', 'cccccccc')];
      await controller.round();

      expect(getState(controller, 'cccccccc')).toBe('not there');
      expect(
        controller.stores
          .listFormer?.()
          .map(({ poolId }) => poolId)
          .toSorted(),
      ).toEqual(['aaaaaaaa', 'cccccccc']);
    });
  });

  it('that another controller has registered a moment ago are out of reach, and never taken for unknown', async () => {
    const late = await cluster.startController();
    const controller = await cluster.startController();
    const c = cluster.add('c', createFakePool('ssd', 'cccccccc'));
    await controller.round();
    const id = await createOn(controller, 'v', 'c');
    const { snapshots } = controller.backend;
    const cut = { name: 's', sourceVolumeId: id, parameters: {}, topology: undefined };
    const snapshotId = (await snapshots?.createSnapshot(cut, signal))?.id ?? '';
    // It was stopped for a while, and knows neither the node nor the pool.
    cluster.nodes.splice(cluster.nodes.indexOf(c), 1);

    const outOfReach = { code: 'POOL_UNAVAILABLE', message: expect.stringContaining('ask again') };
    await expect(late.backend.deleteVolume({ volumeId: id }, signal)).rejects.toMatchObject(outOfReach);
    await expect(late.backend.snapshots?.deleteSnapshot({ snapshotId }, signal)).rejects.toMatchObject(
      outOfReach,
    );
    const unknown = id.replace('cccccccc', 'dddddddd');
    await late.backend.deleteVolume({ volumeId: unknown }, signal);
  });

  it('that a node has no more are out of reach, but no part of lists', async () => {
    const controller = await cluster.startController();
    a.pools = [];
    await controller.round();

    await controller.backend.listVolumes({ maxEntries: 0, startingToken: undefined }, signal);
    const volumeId = 'aaaaaaaa-aaaaaaaaaaaaaaaaaaaaaaaaaa-aaaaaaaa';
    await expect(controller.backend.deleteVolume({ volumeId }, signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining('configured any more'),
    });
  });
});
