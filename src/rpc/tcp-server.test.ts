import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import {
  createClusterTls,
  createTestAuthority,
  createTestTls,
  type TestAuthority,
  validBefore,
} from '../../test/support/tls.ts';
import { silentLogger } from '../observability/logger.ts';
import type { RpcClient } from './client.ts';
import { createClient } from './client.ts';
import { loadCsiServiceTypes } from './proto.ts';
import { createGate, createTestServices, type TestMethods } from './server.fixture.ts';
import type { Call } from './service.ts';
import { startTcpServer, type TcpServer } from './tcp-server.ts';
import { AGENT_TLS_NAME, CONTROLLER_TLS_NAME, type TlsSource } from './tls.ts';
import { createClientTls } from './tls-client.ts';
import type { TlsRefusal } from './tls-listener.ts';

const { Identity } = loadCsiServiceTypes();

interface Scene extends AsyncDisposable {
  readonly server: TcpServer;
  readonly calls: readonly Call[];
  /** The next connection that is turned away. */
  nextRefusal(): Promise<TlsRefusal>;
  connect(tls: TlsSource): RpcClient<(typeof Identity)['definition']>;
}

/** A server that lets in controllers and agents, with the material of an agent. */
async function startScene(
  tls: TlsSource,
  methods: TestMethods = { identity: { Probe: async () => ({}) } },
): Promise<Scene> {
  await using undo = new AsyncDisposableStack();
  const calls: Call[] = [];
  let refused = Promise.withResolvers<TlsRefusal>();
  const server = await startTcpServer({
    address: '127.0.0.1:0',
    driver: 'agent',
    services: createTestServices(methods),
    interceptors: [
      async (call, next) => {
        calls.push(call);
        return await next(call);
      },
    ],
    security: {
      tls,
      peers: [CONTROLLER_TLS_NAME, AGENT_TLS_NAME],
      onRefused: (refusal) => refused.resolve(refusal),
    },
    logger: silentLogger,
  });
  undo.defer(() => server.stop(0));
  const owned = undo.move();
  return {
    server,
    calls,
    async nextRefusal() {
      const refusal = await refused.promise;
      refused = Promise.withResolvers();
      return refusal;
    },
    connect(source) {
      const clientTls = owned.use(createClientTls(source, AGENT_TLS_NAME));
      return owned.use(createClient(Identity, server.address, { tls: clientTls, deadlineMs: 10_000 }));
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function toHostAndPort(address: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(`tcp://${address}`);
  return { host: hostname, port: Number(port) };
}

/** Resolves when the server has closed the connection, whatever was said before. */
async function knock(server: TcpServer, options: ConnectionOptions): Promise<void> {
  const socket = connect({ ...toHostAndPort(server.address), servername: AGENT_TLS_NAME, ...options });
  await whenClosed(socket);
}

async function whenClosed(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('error', () => undefined).on('close', () => resolve());
  socket.resume();
  await promise;
}

describe('a port with a certificate on both sides', () => {
  it.each([CONTROLLER_TLS_NAME, AGENT_TLS_NAME])(
    'lets in %s, and knows by whom it was called',
    async (name) => {
      const { agent, authority } = await createClusterTls();
      await using scene = await startScene(agent);
      const client = scene.connect(createTestTls(await authority.material(name)));

      await client.Probe({});

      expect(scene.calls).toMatchObject([{ peer: name, method: 'Probe', driver: 'agent' }]);
    },
  );

  const strangers: readonly [
    string,
    TlsRefusal['reason'],
    (authority: TestAuthority) => Promise<TlsSource>,
  ][] = [
    [
      'a certificate of another authority',
      'untrusted',
      async (authority) => {
        const other = await createTestAuthority();
        return createTestTls(await other.material(CONTROLLER_TLS_NAME, { trusted: [authority] }));
      },
    ],
    [
      'a name that is not on the list',
      'wrong-name',
      async (authority) => createTestTls(await authority.material('somebody.stowage.internal')),
    ],
    [
      'a name that only ends like one on the list',
      'wrong-name',
      async (authority) => createTestTls(await authority.material(`x.${CONTROLLER_TLS_NAME}`)),
    ],
    [
      'a name that would fit by a wildcard',
      'wrong-name',
      async (authority) => createTestTls(await authority.material('*.stowage.internal')),
    ],
    [
      'a certificate that has expired',
      'expired',
      async (authority) =>
        createTestTls(await authority.material(CONTROLLER_TLS_NAME, { validity: validBefore() })),
    ],
  ];
  it.each(strangers)('turns away %s', async (_what, reason, createStranger) => {
    const { agent, controller, authority } = await createClusterTls();
    await using scene = await startScene(agent);
    const stranger = scene.connect(await createStranger(authority));

    await expect(stranger.Probe({})).rejects.toMatchObject({ details: { status: 'UNAVAILABLE' } });

    expect(await scene.nextRefusal()).toMatchObject({ reason, remoteAddress: '127.0.0.1' });
    await scene.connect(controller).Probe({});
    expect(scene.calls).toHaveLength(1);
  });

  it('turns away whoever has no certificate, speaks an older TLS, or none at all', async () => {
    const { agent, controller, authority } = await createClusterTls();
    await using scene = await startScene(agent);
    const { ca, certificate: cert, key } = await authority.material(CONTROLLER_TLS_NAME);

    await knock(scene.server, { ca });
    expect(await scene.nextRefusal()).toMatchObject({ reason: 'no-certificate' });
    await knock(scene.server, { ca, cert, key, maxVersion: 'TLSv1.2' });
    expect(await scene.nextRefusal()).toMatchObject({ reason: 'handshake' });
    const plain = connectPlain(toHostAndPort(scene.server.address));
    plain.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    await whenClosed(plain);
    expect(await scene.nextRefusal()).toMatchObject({ reason: 'handshake' });

    await scene.connect(controller).Probe({});
    expect(scene.calls).toHaveLength(1);
  });

  it('resumes no session, so that each connection shows a certificate that is believed now', async () => {
    const { agent, authority } = await createClusterTls();
    await using scene = await startScene(agent);
    const { ca, certificate: cert, key } = await authority.material(CONTROLLER_TLS_NAME);
    const options = { ...toHostAndPort(scene.server.address), servername: AGENT_TLS_NAME, ca, cert, key };
    const open = async (session?: Buffer) => {
      const socket = connect({
        ...options,
        ALPNProtocols: ['h2'],
        ...(session === undefined ? {} : { session }),
      });
      const sessions: Buffer[] = [];
      socket.on('session', (one) => void sessions.push(one));
      await once(socket, 'secureConnect');
      // The settings of HTTP/2 come after whatever the handshake has to say.
      await once(socket, 'data');
      const isReused = socket.isSessionReused();
      socket.destroy();
      return { session: sessions.at(-1), isReused };
    };

    const first = await open();
    const second = await open(first.session);

    expect(second.isReused).toBe(false);
  });

  it.each([
    ['of another authority', async () => await (await createTestAuthority()).material(AGENT_TLS_NAME)],
    [
      'for another name',
      async (authority: TestAuthority) => await authority.material('somebody.stowage.internal'),
    ],
    [
      'that has expired',
      async (authority: TestAuthority) =>
        await authority.material(AGENT_TLS_NAME, { validity: validBefore() }),
    ],
  ])('is not called by a client when its certificate is one %s', async (_what, createMaterial) => {
    const { controller, authority } = await createClusterTls();
    await using scene = await startScene(
      createTestTls({ ...(await createMaterial(authority)), ca: authority.certificate }),
    );

    await expect(scene.connect(controller).Probe({})).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });

    expect(scene.calls).toEqual([]);
  });
});

/** Three who call without a break until they are stopped. */
function startCallers(call: () => Promise<unknown>) {
  const over = new AbortController();
  const waiting: (() => void)[] = [];
  let answers = 0;
  const caller = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await call();
      answers += 1;
      waiting.shift()?.();
    }
  };
  const all = Promise.all([caller(), caller(), caller()]);
  return {
    /** So many more answers. Throws what a call has thrown. */
    async whenAnswered(count: number): Promise<void> {
      for (let missing = count; missing > 0; missing -= 1) {
        await Promise.race([all, new Promise<void>((resolve) => void waiting.push(resolve))]);
      }
    },
    /** The number of answers. Throws what a call has thrown. */
    async stop(): Promise<number> {
      over.abort();
      await all;
      return answers;
    },
  };
}

describe('new certificates', () => {
  it('are taken up by both sides, step by step, while calls go on', async () => {
    const [before, after] = [await createTestAuthority(), await createTestAuthority()];
    const both = { trusted: [before, after] };
    const agent = createTestTls(await before.material(AGENT_TLS_NAME));
    const controller = createTestTls(await before.material(CONTROLLER_TLS_NAME));
    await using scene = await startScene(agent);
    const client = scene.connect(controller);
    const callers = startCallers(async () => await client.Probe({}));
    const some = async (): Promise<void> => await callers.whenAnswered(20);

    await some();
    agent.change(await before.material(AGENT_TLS_NAME, both));
    await some();
    controller.change(await after.material(CONTROLLER_TLS_NAME, both));
    await some();
    agent.change(await after.material(AGENT_TLS_NAME, both));
    await some();
    agent.change(await after.material(AGENT_TLS_NAME));
    controller.change(await after.material(CONTROLLER_TLS_NAME));
    await some();

    expect(await callers.stop()).toBe(scene.calls.length);
    const late = scene.connect(createTestTls(await before.material(CONTROLLER_TLS_NAME, both)));
    await expect(late.Probe({})).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
  });

  it.each(['server', 'client'] as const)('of the %s leave a call alone that is under way', async (side) => {
    const { agent, controller, authority } = await createClusterTls();
    const gate = createGate();
    await using scene = await startScene(agent, {
      identity: {
        Probe: async () => {
          await gate.pass();
          return {};
        },
        GetPluginInfo: async () => ({ name: 'reached' }),
      },
    });
    const client = scene.connect(controller);
    const answer = client.Probe({});
    await gate.entered;

    if (side === 'server') agent.change(await authority.material(AGENT_TLS_NAME));
    else controller.change(await authority.material(CONTROLLER_TLS_NAME));

    await expect(client.GetPluginInfo({})).resolves.toMatchObject({ name: 'reached' });
    gate.open();
    await expect(answer).resolves.toBeDefined();
  });

  it('that do not trust an authority any more end the connections of those whom it signed', async () => {
    const [before, after] = [await createTestAuthority(), await createTestAuthority()];
    const agent = createTestTls(await before.material(AGENT_TLS_NAME));
    await using scene = await startScene(agent);
    const controller = await before.material(CONTROLLER_TLS_NAME, { trusted: [before, after] });
    const client = scene.connect(createTestTls(controller));
    await client.Probe({});

    agent.change(await after.material(AGENT_TLS_NAME));

    // A call may be on its way when the connection is asked to end.
    const untilRefused = async (): Promise<never> => {
      for (;;) await client.Probe({});
    };
    await expect(untilRefused()).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
    expect(await scene.nextRefusal()).toMatchObject({ reason: 'untrusted' });
  });

  it('that cannot be used leave those before in place', async () => {
    const { agent, controller } = await createClusterTls();
    await using scene = await startScene(agent);

    agent.change({ ...agent.current(), certificate: 'nonsense' });

    await expect(scene.connect(controller).Probe({})).resolves.toBeDefined();
  });
});

describe('a TCP port', () => {
  it('is PRECONDITION_FAILED when somebody has it', async () => {
    const { agent } = await createClusterTls();
    await using scene = await startScene(agent);
    const again = startTcpServer({
      address: scene.server.address,
      driver: 'agent',
      services: [],
      interceptors: [],
      security: 'insecure',
      logger: silentLogger,
    });

    await expect(again).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining(`Cannot listen on ${scene.server.address}`),
    });
  });

  it('lets calls end when it stops, and nobody keeps it from stopping who says nothing', async () => {
    const { agent, controller } = await createClusterTls();
    const gate = createGate();
    await using scene = await startScene(agent, {
      identity: {
        Probe: async () => {
          await gate.pass();
          return {};
        },
      },
    });
    const silent = connectPlain(toHostAndPort(scene.server.address));
    await once(silent, 'connect');
    const silentClosed = whenClosed(silent);
    const answer = scene.connect(controller).Probe({});
    await gate.entered;

    const stopped = scene.server.stop(30_000);
    gate.open();

    await expect(answer).resolves.toBeDefined();
    await stopped;
    await silentClosed;
  });
});
