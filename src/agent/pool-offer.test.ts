import { describe, expect, it } from 'vitest';
import { createFakeFileStore } from '../../test/support/fake-file-store.ts';
import { connectTo, startTestAgent, toDirectory } from '../../test/support/remote-store.ts';
import { toRequest } from '../../test/support/volume-request.ts';
import type { FileStore } from '../filestore/file-store.ts';
import type { PoolOffer } from './pool-offer.ts';

const signal = AbortSignal.timeout(60_000);
const POOL_ID = 'aaaabbbb';

describe('an admission', () => {
  const admitted: unknown[] = [];

  function toOffer(driver: string, ...poolNames: readonly string[]): PoolOffer {
    const state = { unavailable: 'It waits.' };
    return {
      driver,
      stores: {
        list: () => poolNames.map((poolName) => ({ poolName, nodeName: 'node-1', poolId: undefined, state })),
      },
      admission: { list: () => [], admit: async (request) => void admitted.push({ driver, ...request }) },
      settingsOf: () => ({ releaseAfterSeconds: undefined }),
    };
  }

  it.each([
    ['a pool that the registry knows', { driver: 'd1', poolName: 'fast', knownPoolId: POOL_ID }, 'd1'],
    ['a new pool', { driver: 'd1', poolName: 'slow', knownPoolId: undefined }, 'd1'],
    [
      'the pool of that name of another driver',
      { driver: 'd2', poolName: 'fast', knownPoolId: undefined },
      'd2',
    ],
    [
      'the first pool of that name, for an older controller',
      { driver: '', poolName: 'fast', knownPoolId: undefined },
      'd1',
    ],
    [
      'the only pool of that name, for an older controller',
      { driver: '', poolName: 'far', knownPoolId: undefined },
      'd2',
    ],
  ])('reaches the node as it was meant: %s', async (_what, request, driver) => {
    admitted.length = 0;
    await using agent = await startTestAgent({
      stores: { list: () => [] },
      offers: [toOffer('d1', 'fast', 'slow'), toOffer('d2', 'fast', 'far')],
    });
    using connection = connectTo(agent);
    await connection.describe(signal);

    await connection.admit({ ...request, clusterId: 'c' }, signal);

    expect(admitted).toEqual([{ ...request, driver, clusterId: 'c' }]);
  });

  it.each([
    ['an id that is none', { driver: 'd1', poolName: 'fast', knownPoolId: '../x' }, /no pool id/],
    [
      'a pool that another driver has',
      { driver: 'd2', poolName: 'slow', knownPoolId: undefined },
      /"slow" of driver "d2"/,
    ],
    [
      'a driver that is not here',
      { driver: 'd3', poolName: 'fast', knownPoolId: undefined },
      /"fast" of driver "d3"/,
    ],
    ['a pool that nobody has', { driver: '', poolName: 'tape', knownPoolId: undefined }, /named "tape"\./],
  ])('is refused: %s', async (_what, request, message) => {
    admitted.length = 0;
    await using agent = await startTestAgent({
      stores: { list: () => [] },
      offers: [toOffer('d1', 'fast', 'slow'), toOffer('d2', 'fast')],
    });
    using connection = connectTo(agent);
    await connection.describe(signal);

    await expect(connection.admit({ ...request, clusterId: 'c' }, signal)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    });
    expect(admitted).toEqual([]);
  });
});

describe('pools of several drivers', () => {
  it('are described with their driver, and found by their ids', async () => {
    const toOffer = (driver: string, store: FileStore): PoolOffer => ({
      driver,
      stores: toDirectory(() => store),
      settingsOf: () => ({ releaseAfterSeconds: undefined }),
    });
    const [one, two] = [
      createFakeFileStore({ poolId: POOL_ID }),
      createFakeFileStore({ poolId: 'bbbbbbbb' }),
    ];
    await using agent = await startTestAgent({
      stores: { list: () => [] },
      offers: [toOffer('d1', one), toOffer('d2', two)],
    });
    using connection = connectTo(agent);

    const { pools } = await connection.describe(signal);
    const store = connection.createStore({ poolId: 'bbbbbbbb', abilities: two.abilities });
    const { id } = await store.createVolume(toRequest('v'), signal);

    expect(pools).toMatchObject([
      { driver: 'd1', name: 'fast', poolId: POOL_ID },
      { driver: 'd2', name: 'fast', poolId: 'bbbbbbbb' },
    ]);
    await expect(two.findVolume({ id }, signal)).resolves.toMatchObject({ name: 'v' });
  });
});
