import { describe, expect, it } from 'vitest';
import type { AgentConnection } from '../../src/agent/connection.ts';
import type { FileStore } from '../../src/filestore/file-store.ts';
import type { AgentHandlers } from '../../src/gen/stowage/agent/v1/Agent.ts';
import { createClient } from '../../src/rpc/client.ts';
import type { MethodNames } from '../../src/rpc/service.ts';
import { AGENT_TLS_NAME, CONTROLLER_TLS_NAME, type TlsSource } from '../../src/rpc/tls.ts';
import { createClientTls } from '../../src/rpc/tls-client.ts';
import { createFakeFileStore, type FakeFileStore } from '../support/fake-file-store.ts';
import {
  agentType,
  connectTo,
  startTestAgent,
  type TestAgent,
  toDirectory,
} from '../support/remote-store.ts';
import {
  createClusterTls,
  createTestAuthority,
  createTestTls,
  type TestAuthority,
  validBefore,
} from '../support/tls.ts';
import { toRequest } from './file-store.ts';

const signal = AbortSignal.timeout(60_000);
const POOL_ID = 'aaaabbbb';

interface Scene extends AsyncDisposable {
  readonly authority: TestAuthority;
  readonly agent: TestAgent;
  readonly local: FakeFileStore;
  /** Why connections and calls were refused. */
  readonly refusals: readonly string[];
  connect(tls: TlsSource): AgentConnection;
  /** Nothing was touched by whoever was refused, and the agent is there for its controller. */
  expectHealthy(): Promise<void>;
}

/** An agent that lets in what a real one does, with a volume. */
async function startScene(): Promise<Scene> {
  await using undo = new AsyncDisposableStack();
  const { authority, agent: agentTls, controller } = await createClusterTls();
  const local = createFakeFileStore({ poolId: POOL_ID });
  await local.createVolume(toRequest('there'), signal);
  const refusals: string[] = [];
  const agent = undo.use(
    await startTestAgent({
      stores: toDirectory(() => local),
      security: {
        tls: agentTls,
        peers: [CONTROLLER_TLS_NAME, AGENT_TLS_NAME],
        onRefused: ({ reason }) => void refusals.push(reason),
      },
      onCallRefused: (peer, method) => void refusals.push(`${peer} ${method}`),
    }),
  );
  const owned = undo.move();
  const connect = (tls: TlsSource): AgentConnection =>
    owned.use(connectTo(agent, { tls: owned.use(createClientTls(tls, AGENT_TLS_NAME)) }));
  return {
    authority,
    agent,
    local,
    refusals,
    connect,
    async expectHealthy() {
      const connection = connect(controller);
      const { pools } = await connection.describe(signal);
      const { abilities } = local;
      expect(pools).toMatchObject([{ poolId: POOL_ID, state: { kind: 'open' } }]);
      const { entries } = await connection
        .createStore({ poolId: POOL_ID, abilities })
        .listVolumes({ maxEntries: 0, startingToken: undefined }, signal);
      expect(entries.map(({ name }) => name)).toEqual(['there']);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe('an agent', () => {
  it.each<[string, string, (authority: TestAuthority) => Promise<TlsSource>]>([
    [
      'of another authority',
      'untrusted',
      async (authority) => {
        const other = await createTestAuthority();
        return createTestTls(await other.material(CONTROLLER_TLS_NAME, { trusted: [authority] }));
      },
    ],
    [
      'with another name',
      'wrong-name',
      async (authority) => createTestTls(await authority.material('kubelet.stowage.internal')),
    ],
    [
      'that has expired',
      'expired',
      async (authority) =>
        createTestTls(await authority.material(CONTROLLER_TLS_NAME, { validity: validBefore() })),
    ],
  ])('does not let in whoever shows a certificate %s', async (_what, reason, createStranger) => {
    await using scene = await startScene();
    const stranger = scene.connect(await createStranger(scene.authority));
    const store = stranger.createStore({ poolId: POOL_ID, abilities: scene.local.abilities });

    await expect(stranger.describe(signal)).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
    await expect(store.createVolume(toRequest('bad'), signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
    });

    expect(scene.refusals).toContain(reason);
    await scene.expectHealthy();
  });

  it('does not let in whoever encrypts nothing', async () => {
    await using scene = await startScene();
    using stranger = connectTo(scene.agent);

    await expect(stranger.describe(signal)).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });

    expect(scene.refusals).toContain('handshake');
    await scene.expectHealthy();
  });

  const verbs = Object.keys(agentType.definition) as MethodNames<AgentHandlers>[];
  it.each(verbs)('does not do %s for another agent', async (verb) => {
    await using scene = await startScene();
    const tls = createTestTls(await scene.authority.material(AGENT_TLS_NAME));
    using clientTls = createClientTls(tls, AGENT_TLS_NAME);
    using client = createClient(agentType, scene.agent.address, {
      tls: clientTls,
      metadata: () => ({ 'stowage-node': 'node-1', 'stowage-boot': 'boot-1' }),
      deadlineMs: 10_000,
    });

    await expect(client[verb]({ poolId: POOL_ID, name: 'bad' })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      message: `${verb} is not for ${AGENT_TLS_NAME}: only ${CONTROLLER_TLS_NAME} may call it.`,
    });

    expect(scene.refusals).toEqual([`${AGENT_TLS_NAME} ${verb}`]);
    await scene.expectHealthy();
  });
});

describe('what looks like a path', () => {
  const PATHS = ['../../etc', '/etc/passwd', `${POOL_ID}-../x`, 'aaaabbbb/volumes', 'é\0', '..', '%2e%2e%2f'];

  it.each(PATHS)('is no volume or snapshot: %j', async (id) => {
    await using scene = await startScene();
    const store = await openStore(scene, POOL_ID);

    expect(await store.findVolume({ id }, signal)).toBeUndefined();
    expect(await store.findSnapshot({ id }, signal)).toBeUndefined();
    await store.deleteVolume({ id }, signal);
    await store.deleteSnapshot({ id }, signal);
    await expect(store.getUsage({ id }, signal)).rejects.toMatchObject({ code: 'VOLUME_NOT_FOUND' });
    await expect(store.createSnapshot({ name: 's', sourceVolumeId: id }, signal)).rejects.toMatchObject({
      code: 'VOLUME_NOT_FOUND',
    });

    await scene.expectHealthy();
  });

  it.each(PATHS)('is no pool: %j', async (poolId) => {
    await using scene = await startScene();
    const store = await openStore(scene, poolId);

    await expect(store.createVolume(toRequest('bad'), signal)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(store.deleteVolume({ id: 'x' }, signal)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });

    await scene.expectHealthy();
  });

  async function openStore(scene: Scene, poolId: string): Promise<FileStore> {
    const connection = scene.connect(createTestTls(await scene.authority.material(CONTROLLER_TLS_NAME)));
    await connection.describe(signal);
    return connection.createStore({ poolId, abilities: scene.local.abilities });
  }
});
