import { describe, expect, it } from 'vitest';
import { createResourceRegistry } from '../../src/pools/resource-registry.ts';
import { startFakeApi } from '../support/fake-api-server.ts';
import { describePoolRegistry } from './pool-registry.ts';
import { objectId, SEEN } from './registry-samples.ts';

const { signal } = new AbortController();
const clock = { now: () => 1_000_000 };

describePoolRegistry('in custom resources', async (time) => {
  const api = await startFakeApi();
  const clients: Disposable[] = [];
  return {
    open() {
      const client = api.createClient();
      clients.push(client);
      return createResourceRegistry({ client, clock: time });
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client[Symbol.dispose]();
      await api[Symbol.asyncDispose]();
    },
  };
});

describe('the registry of pools in custom resources', () => {
  it('is not an empty one while its kind is not installed', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    api.kinds.delete('pools.stowage.dev');

    const error = { code: 'POOL_UNAVAILABLE', message: expect.stringContaining('install its CRD') };
    await expect(createResourceRegistry({ client, clock }).find(SEEN, signal)).rejects.toMatchObject(error);
  });

  it.each([
    ['forbids it', { status: 403 }],
    ['fails', { status: 500 }],
    ['breaks off', 'drop'],
    ['takes too long', 'stall'],
  ] as const)('knows nothing when the API %s', async (_, fault) => {
    await using api = await startFakeApi();
    using client = api.createClient({ deadlineMs: 500 });
    const registry = createResourceRegistry({ client, clock });
    await registry.record(SEEN, signal);
    await registry.release({ poolId: SEEN.poolId, by: 'policy' }, signal);
    api.fail(fault, () => true, 3);

    const object = { poolId: SEEN.poolId, objectId: objectId('v') };
    await expect(registry.bury(object, signal)).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
  });

  it('takes a write whose answer was lost for what it was, when it is asked again', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const registry = createResourceRegistry({ client, clock });
    // Another program, whose request came through: for whoever repeats it, it is as if it were its own.
    await createResourceRegistry({ client, clock }).record(SEEN, signal);
    await registry.record(SEEN, signal);
    await registry.release({ poolId: SEEN.poolId, by: 'policy' }, signal);
    const object = { poolId: SEEN.poolId, objectId: objectId('v') };
    await registry.bury(object, signal);

    expect(await registry.bury(object, signal)).toBe(true);
    expect(await registry.list(signal)).toHaveLength(1);
    expect(await registry.listTombstones(undefined, signal)).toHaveLength(1);
  });

  it('leaves what others have put on its objects', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const registry = createResourceRegistry({ client, clock });
    await registry.record(SEEN, signal);
    const collection = '/apis/stowage.dev/v1alpha1/pools';
    const before = api.store.get(collection, SEEN.poolId);
    api.store.replace(collection, SEEN.poolId, {
      ...before,
      metadata: { ...before.metadata, labels: { rack: '7' } },
    });
    await registry.record({ ...SEEN, condition: 'unavailable' }, signal);

    const after = api.store.get(collection, SEEN.poolId);
    expect(after.metadata.labels).toEqual({ rack: '7' });
    expect(after).toMatchObject({
      kind: 'Pool',
      spec: { poolName: 'ssd', nodeName: 'node-1' },
      status: { state: 'Unavailable', size: '1000', available: '700', lastSeen: '1970-01-01T00:16:40.000Z' },
    });
  });
});
