import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { toRequest } from '../../test/contract/file-store.ts';
import { createFakeFileStore } from '../../test/support/fake-file-store.ts';
import {
  agentType,
  connectTo,
  connectToFirstStore,
  startTestAgent,
  type TestAgent,
  toDirectory,
} from '../../test/support/remote-store.ts';
import { DriverError, ERROR_CODES } from '../domain/errors.ts';
import type { FileStore } from '../filestore/file-store.ts';
import { createClient } from '../rpc/client.ts';
import { createGate, whenAborted } from '../rpc/server.fixture.ts';

const signal = AbortSignal.timeout(60_000);
const POOL_ID = 'aaaabbbb';

/** An agent with a fake store, and a connection that knows it. */
async function startScene(change: (store: FileStore) => FileStore = (store) => store) {
  await using undo = new AsyncDisposableStack();
  const local = createFakeFileStore({ poolId: POOL_ID });
  const agent = undo.use(await startTestAgent({ stores: toDirectory(() => change(local)) }));
  let troubles = 0;
  const { connection, store } = await connectToFirstStore(agent, { onTrouble: () => (troubles += 1) });
  undo.use(connection);
  const owned = undo.move();
  return {
    local,
    agent,
    connection,
    store,
    troubles: () => troubles,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The agent stops, and another one begins where it was. */
async function replace(agent: TestAgent, identity: TestAgent['identity'], store: FileStore) {
  await agent.stop(0);
  return await startTestAgent({ stores: toDirectory(() => store), identity, address: agent.address });
}

describe('a call of an agent', () => {
  it.each(ERROR_CODES)(
    'that fails with %s fails for the caller with the same code and sentence',
    async (code) => {
      await using scene = await startScene();
      scene.local.failWith(new DriverError(code, `A sentence about volume ${code}.`));

      await expect(scene.store.deleteVolume({ id: 'v' }, signal)).rejects.toMatchObject({
        code,
        message: `A sentence about volume ${code}.`,
      });
      expect(scene.troubles()).toBe(0);
    },
  );

  it('that fails unexpectedly tells nothing of why', async () => {
    await using scene = await startScene();
    scene.local.failWith(new Error('open /secret/path: EIO'));

    await expect(scene.store.getHealth(signal)).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.not.stringContaining('secret'),
    });
  });

  it('goes on when its caller leaves, and the same call again joins it', async () => {
    const gate = createGate();
    let made = 0;
    await using scene = await startScene((local) => ({
      ...local,
      createVolume: async (request, own) => {
        made += 1;
        await gate.pass();
        return await local.createVolume(request, own);
      },
    }));
    const caller = new AbortController();
    const first = scene.store.createVolume(toRequest('pvc-1'), caller.signal);
    await gate.entered;
    caller.abort(new Error('the caller left'));
    await expect(first).rejects.toThrow('the caller left');

    const second = scene.store.createVolume(toRequest('pvc-1'), signal);
    await expect(
      scene.store.createVolume(toRequest('pvc-1', { fsType: 'xfs' }), signal),
    ).rejects.toMatchObject({ code: 'OPERATION_PENDING' });
    gate.open();

    expect((await second).name).toBe('pvc-1');
    expect(made).toBe(1);
  });

  it('about one volume does not hold up another one', async () => {
    const gate = createGate();
    await using scene = await startScene((local) => ({
      ...local,
      createVolume: async (request, own) => {
        if (request.name === 'slow') await gate.pass();
        return await local.createVolume(request, own);
      },
    }));
    const slow = scene.store.createVolume(toRequest('slow'), signal);
    await gate.entered;

    await expect(scene.store.createVolume(toRequest('fast'), signal)).resolves.toMatchObject({
      name: 'fast',
    });
    gate.open();
    await expect(slow).resolves.toMatchObject({ name: 'slow' });
  });

  it('that only asks ends on the agent too when its caller leaves, or has no more time', async () => {
    const gate = createGate();
    const ends: unknown[] = [];
    await using scene = await startScene((local) => ({
      ...local,
      getHealth: async (own) => {
        void gate.pass();
        ends.push(await whenAborted(own));
        throw own.reason;
      },
    }));
    const caller = new AbortController();
    const left = scene.store.getHealth(caller.signal);
    await gate.entered;
    caller.abort(new Error('the caller left'));
    await expect(left).rejects.toThrow('the caller left');
    using impatient = connectTo(scene.agent, { deadlineMs: 100 });
    await impatient.describe(signal);

    await expect(
      impatient.createStore({ poolId: POOL_ID, abilities: scene.store.abilities }).getHealth(signal),
    ).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringContaining('does not answer: it said nothing in time'),
    });

    await scene.agent.stop(5_000);
    expect(ends).toMatchObject([{ code: 'CANCELLED' }, { name: 'DriverError' }]);
  });

  it('is refused by another node before anything is done, and its answer is not taken', async () => {
    await using scene = await startScene();
    const other = createFakeFileStore({ poolId: POOL_ID });
    await using _other = await replace(scene.agent, { nodeName: 'node-2', bootId: 'boot-1' }, other);

    await expect(scene.store.createVolume(toRequest('pvc-1'), signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining(
        'where the agent of node node-1 should be, answers the agent of node "node-2"',
      ),
    });
    await expect(scene.connection.describe(signal)).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });

    expect(await other.findVolumeByName({ name: 'pvc-1' }, signal)).toBeUndefined();
    expect(scene.troubles()).toBe(1);
  });

  it('is refused by a node that was started anew, until it has said so', async () => {
    await using scene = await startScene();
    await using _again = await replace(scene.agent, { nodeName: 'node-1', bootId: 'boot-2' }, scene.local);

    await expect(scene.store.createVolume(toRequest('pvc-1'), signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: 'Node node-1 was started anew in the meantime: call again.',
    });
    expect(scene.troubles()).toBe(1);
    expect(await scene.local.findVolumeByName({ name: 'pvc-1' }, signal)).toBeUndefined();
    expect(await scene.connection.describe(signal)).toMatchObject({ bootId: 'boot-2' });

    await expect(scene.store.createVolume(toRequest('pvc-1'), signal)).resolves.toMatchObject({
      name: 'pvc-1',
    });
  });

  it('is refused when it names nobody', async () => {
    await using scene = await startScene();
    using client = createClient(agentType, scene.agent.address, { deadlineMs: 10_000 });

    await expect(client.DeleteVolume({ poolId: POOL_ID, volumeId: 'v' })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('meant for nobody in particular: nothing was done'),
    });
  });

  it('is refused for a pool that the node does not have', async () => {
    await using scene = await startScene();
    const store = scene.connection.createStore({ poolId: 'ccccdddd', abilities: scene.store.abilities });

    await expect(store.createVolume(toRequest('pvc-1'), signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining('Node node-1 has no pool with the id "ccccdddd"'),
    });
  });

  it.each(['', '../../etc', '/etc/passwd', 'aaaabbbb/..', 'é\0', 'a'.repeat(5000)])(
    'is refused for pool id %j',
    async (poolId) => {
      await using scene = await startScene();
      const store = scene.connection.createStore({ poolId, abilities: scene.store.abilities });

      await expect(store.createVolume(toRequest('pvc-1'), signal)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('is no pool id'),
      });
      await expect(store.getHealth(signal)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      expect(
        (await scene.local.listVolumes({ maxEntries: 0, startingToken: undefined }, signal)).entries,
      ).toEqual([]);
    },
  );

  it('is told in trouble when nobody listens', async () => {
    await using scene = await startScene();
    await scene.agent.stop(0);

    await expect(scene.store.getHealth(signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringMatching(/^The agent of node node-1 \(127\.0\.0\.1:\d+\) does not answer: /),
    });
    expect(scene.troubles()).toBe(1);
  });

  it('gives up on asking who it is after two seconds of silence', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    using connection = connectTo({
      address: `127.0.0.1:${port}`,
      identity: { nodeName: 'node-1', bootId: '' },
    });
    const before = performance.now();

    await expect(connection.describe(signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining('does not answer: it said nothing in time'),
    });

    expect(performance.now() - before).toBeLessThan(3_000);
    silent.close();
  });
});

describe('a description', () => {
  it('has every pool with its state, its room and what the registry keeps', async () => {
    const local = createFakeFileStore({ poolId: POOL_ID });
    const nodeName = 'node-1';
    await using agent = await startTestAgent({
      stores: {
        list: () => [
          { poolName: 'fast', nodeName, poolId: POOL_ID, state: { store: local } },
          { poolName: 'gone', nodeName, poolId: 'ccccdddd', state: { unavailable: 'Its disk is gone.' } },
          { poolName: 'fresh', nodeName, poolId: undefined, state: { unavailable: 'It waits.' } },
        ],
      },
      admission: { list: () => [{ poolName: 'fresh' }], admit: async () => {} },
    });
    using connection = connectTo(agent);

    const driver = 'hostpath.stowage.dev';
    const settings = { releaseAfterSeconds: undefined };
    expect(await connection.describe(signal)).toEqual({
      nodeName,
      bootId: 'boot-1',
      release: 'test',
      pools: [
        {
          name: 'fast',
          poolId: POOL_ID,
          driver,
          settings,
          state: { kind: 'open', abilities: local.abilities, room: await local.getRoom(signal) },
        },
        {
          name: 'gone',
          poolId: 'ccccdddd',
          driver,
          settings,
          state: { kind: 'unavailable', reason: 'Its disk is gone.' },
        },
        { name: 'fresh', poolId: undefined, driver, settings, state: { kind: 'awaiting' } },
      ],
    });
  });

  it('does not wait for a pool that hangs', async () => {
    await using scene = await startScene((local) => ({
      ...local,
      getRoom: () => new Promise(() => undefined),
    }));

    const { pools } = await scene.connection.describe(signal);

    expect(pools).toMatchObject([{ state: { kind: 'open', room: undefined } }]);
  });
});

describe('a node', () => {
  it('may have a name that is not ASCII', async () => {
    const local = createFakeFileStore({ poolId: POOL_ID });
    const identity = { nodeName: 'вузол-1 %41', bootId: 'boot-1' };
    await using agent = await startTestAgent({ stores: toDirectory(() => local), identity });
    const { connection, store } = await connectToFirstStore(agent);
    using _connection = connection;

    expect(await store.getHealth(signal)).toEqual([]);
  });
});

describe('an agent of another release', () => {
  it('is told from one that is silent when it does not know a verb', async () => {
    await using agent = await startTestAgent({ stores: { list: () => [] } });
    let troubles = 0;
    using connection = connectTo(agent, {
      onTrouble: () => (troubles += 1),
      type: withPath('DeleteVolume', '/stowage.agent.v1.Agent/RemoveVolume'),
    });
    await connection.describe(signal);
    const { abilities } = createFakeFileStore({ poolId: POOL_ID });
    const store = connection.createStore({ poolId: POOL_ID, abilities });

    await expect(store.deleteVolume({ id: 'v' }, signal)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining(
        'does not know DeleteVolume: bring it to the release of the controller',
      ),
    });
    expect(troubles).toBe(0);
  });

  it('never makes a message that is too large look like a pool that is full', async () => {
    await using scene = await startScene();
    const askedParameters = { pool: 'x'.repeat(5 * 2 ** 20) };

    await expect(
      scene.store.createVolume(toRequest('pvc-1', { askedParameters }), signal),
    ).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('failed on its way') });
  });
});

/** The service, with one verb as another release might call it. */
function withPath(verb: 'DeleteVolume', path: string): typeof agentType {
  const definition = { ...agentType.definition, [verb]: { ...agentType.definition[verb], path } };
  return { ...agentType, definition };
}
