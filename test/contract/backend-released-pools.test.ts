import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DriverError } from '../../src/domain/errors.ts';
import {
  createOn,
  createTwoNodes,
  getState,
  pass,
  type TestedController,
} from '../support/supervised-cluster.ts';

const { signal } = new AbortController();
const SECOND = 1000;
const MINUTE = 60 * SECOND;

describe('pools whose node was lost', () => {
  let { cluster, a, b, ssd } = createTwoNodes(signal);
  beforeEach(() => {
    ({ cluster, a, b, ssd } = createTwoNodes(signal));
  });
  afterEach(() => cluster[Symbol.asyncDispose]());

  const lose = async (controller: TestedController): Promise<void> => {
    a.isAnswering = false;
    await pass(cluster, controller, 8 * MINUTE);
    expect(await cluster.get('aaaaaaaa')).toMatchObject({ release: { isReturning: false } });
  };

  describe('that were given up', () => {
    let controller: TestedController;
    let id: string;
    beforeEach(async () => {
      controller = await cluster.startController();
      id = await createOn(controller, 'v');
    });

    it('take no new volumes, so that the scheduler goes elsewhere; before they did not answer', async () => {
      a.isAnswering = false;
      await expect(createOn(controller, 'v2')).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
      await lose(controller);

      await expect(createOn(controller, 'v2')).rejects.toMatchObject({ code: 'NO_ROOM' });
      await expect(createOn(controller, 'v2', 'b')).resolves.toMatch(/^bbbbbbbb-/);
    });

    it('have volumes that are gone from lists, and unknown', async () => {
      await lose(controller);

      const all = { maxEntries: 0, startingToken: undefined };
      await expect(controller.backend.listVolumes(all, signal)).resolves.toMatchObject({ entries: [] });
      await expect(controller.backend.getVolume({ volumeId: id }, signal)).rejects.toMatchObject({
        code: 'VOLUME_NOT_FOUND',
      });
    });

    it('have volumes and snapshots that can be deleted, which is kept', async () => {
      const { snapshots } = controller.backend;
      const snapshot = await snapshots?.createSnapshot(
        { name: 's', sourceVolumeId: id, parameters: {}, topology: undefined },
        signal,
      );
      const snapshotId = snapshot?.id ?? '';
      const remove = async (): Promise<void> => {
        await controller.backend.deleteVolume({ volumeId: id }, signal);
        await snapshots?.deleteSnapshot({ snapshotId }, signal);
      };
      a.isAnswering = false;
      await expect(remove()).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
      await lose(controller);
      await remove();

      const buried = await cluster.registry.listTombstones('aaaaaaaa', signal);
      expect(buried.map(({ objectId }) => objectId).toSorted()).toEqual([id, snapshotId].toSorted());
    });

    it('have volumes of which nothing is said while the registry cannot be written', async () => {
      await lose(controller);
      cluster.memory.failWith(new DriverError('POOL_UNAVAILABLE', 'It cannot be written.'));

      await expect(controller.backend.deleteVolume({ volumeId: id }, signal)).rejects.toMatchObject({
        code: 'POOL_UNAVAILABLE',
      });
    });

    it('have volumes of which nothing is said once another controller brings them back', async () => {
      await lose(controller);
      await cluster.registry.startReturn('aaaaaaaa', signal);

      await expect(controller.backend.deleteVolume({ volumeId: id }, signal)).rejects.toMatchObject({
        code: 'POOL_UNAVAILABLE',
        message: expect.stringContaining('coming back'),
      });
    });

    it('are not mistaken for pools that were never there, whose volumes are unknown', async () => {
      await lose(controller);
      await controller.backend.deleteVolume({ volumeId: id.replace('aaaaaaaa', 'zzzzzzzz') }, signal);

      expect(await cluster.registry.listTombstones(undefined, signal)).toEqual([]);
    });
  });

  describe('that come back after they were given up', () => {
    it('lose what was deleted meanwhile, before they are used', async () => {
      const controller = await cluster.startController();
      const [kept, deleted] = [await createOn(controller, 'kept'), await createOn(controller, 'deleted')];
      await lose(controller);
      await controller.backend.deleteVolume({ volumeId: deleted }, signal);
      await controller.backend.deleteVolume({ volumeId: deleted }, signal);

      a.isAnswering = true;
      expect(getState(controller, 'aaaaaaaa')).toContain('has come back');
      await controller.round();

      expect(getState(controller, 'aaaaaaaa')).toBe('open');
      expect(await ssd.store?.findVolume({ id: deleted }, signal)).toBeUndefined();
      expect(await ssd.store?.findVolume({ id: kept }, signal)).toBeDefined();
      expect(await cluster.registry.listTombstones(undefined, signal)).toEqual([]);
    });

    it('are not used while what was deleted cannot be removed', async () => {
      const controller = await cluster.startController();
      const deleted = await createOn(controller, 'deleted');
      await lose(controller);
      await controller.backend.deleteVolume({ volumeId: deleted }, signal);

      a.isAnswering = true;
      ssd.store?.failWith(new DriverError('POOL_UNAVAILABLE', 'It hangs.'));
      await controller.round();
      await controller.round();
      expect(getState(controller, 'aaaaaaaa')).toContain('has come back');
      await expect(createOn(controller, 'another')).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });

      ssd.store?.failWith(undefined);
      await controller.round();
      expect(getState(controller, 'aaaaaaaa')).toBe('open');
    });

    it.for([
      ['', 0],
      [', also when a clock was set back', -24 * 60 * MINUTE],
    ] as const)(
      'are used although one of those is still mounted; it goes once it is not%s',
      async ([, setMs]) => {
        let isMounted = true;
        const controller = await cluster.startController();
        const deleted = await createOn(controller, 'deleted');
        await lose(controller);
        await controller.backend.deleteVolume({ volumeId: deleted }, signal);
        const { store } = ssd;
        if (store === undefined) throw new Error('the pool has a store');
        const original = store.deleteVolume.bind(store);
        ssd.store = {
          ...store,
          deleteVolume: async (request, aborted) => {
            if (isMounted) throw new DriverError('VOLUME_IN_USE', 'It is mounted.');
            await original(request, aborted);
          },
        };

        a.isAnswering = true;
        await controller.round();
        expect(getState(controller, 'aaaaaaaa')).toBe('open');
        expect(await cluster.registry.listTombstones('aaaaaaaa', signal)).toHaveLength(1);
        isMounted = false;
        cluster.setMs = setMs;
        await pass(cluster, controller, 2 * MINUTE);

        expect(await cluster.registry.listTombstones('aaaaaaaa', signal)).toEqual([]);
        expect(await store.findVolume({ id: deleted }, signal)).toBeUndefined();
      },
    );

    it('on another node are registered and used there, once they were forgotten', async () => {
      const controller = await cluster.startController();
      const id = await createOn(controller, 'kept');
      a.isAnswering = false;
      await pass(cluster, controller, 4 * MINUTE);
      b.pools.push({ ...ssd, name: 'moved' });
      await controller.round();
      const former = controller.stores.listFormer?.().find(({ nodeName }) => nodeName === 'b');
      expect(former?.state).toMatchObject({
        unavailable: expect.stringContaining('stowage pools forget aaaaaaaa'),
      });
      expect(getState(controller, 'aaaaaaaa')).toContain('does not answer');

      await cluster.registry.release({ poolId: 'aaaaaaaa', by: 'operator' }, signal);
      await controller.round();
      await controller.round();

      await expect(controller.backend.getVolume({ volumeId: id }, signal)).resolves.toMatchObject({
        accessibleTopology: [{ 'topology.hostpath.stowage.dev/node': 'b' }],
      });
    });

    it('and are lost again on the way are out of reach, and given up anew after some minutes', async () => {
      const controller = await cluster.startController();
      const id = await createOn(controller, 'v');
      await lose(controller);
      await cluster.registry.startReturn('aaaaaaaa', signal);
      // Its agent is gone, too, and this controller knows the pool from the registry alone.
      cluster.nodes.splice(cluster.nodes.indexOf(a), 1);
      const next = await cluster.startController();
      expect(getState(next, 'aaaaaaaa')).toContain('does not answer');
      await expect(next.backend.deleteVolume({ volumeId: id }, signal)).rejects.toMatchObject({
        code: 'POOL_UNAVAILABLE',
      });

      await pass(cluster, next, 4 * MINUTE);
      expect(await cluster.get('aaaaaaaa')).toMatchObject({ release: { by: 'policy', isReturning: false } });
      await next.backend.deleteVolume({ volumeId: id }, signal);
      expect(await cluster.registry.listTombstones('aaaaaaaa', signal)).toHaveLength(1);
    });

    it('are taken up by another controller where the first one was killed', async () => {
      const controller = await cluster.startController();
      const deleted = await createOn(controller, 'deleted');
      await lose(controller);
      await controller.backend.deleteVolume({ volumeId: deleted }, signal);
      await cluster.registry.startReturn('aaaaaaaa', signal);

      a.isAnswering = true;
      const next = await cluster.startController();

      expect(getState(next, 'aaaaaaaa')).toBe('open');
      expect(await ssd.store?.findVolume({ id: deleted }, signal)).toBeUndefined();
    });
  });
});
