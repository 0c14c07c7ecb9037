import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createAgentConnection } from '../../src/agent/connection.ts';
import { createStaticDiscovery } from '../../src/agent/static-discovery.ts';
import { RemoteStores } from '../../src/agent/remote-stores.ts';
import { systemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createFakeFileStore } from '../support/fake-file-store.ts';
import { agentType, startTestAgent, type TestAgent, toDirectory } from '../support/remote-store.ts';
import { toRequest } from './file-store.ts';

const signal = AbortSignal.timeout(60_000);
const POOL_ID = 'aaaabbbb';
const local = createFakeFileStore({ poolId: POOL_ID });

/** A way to a server that can be blocked: what is sent is kept, and nobody is told. */
interface Way extends AsyncDisposable {
  readonly address: string;
  block(): void;
  open(): void;
}

async function layWay(to: string): Promise<Way> {
  const { hostname, port } = new URL(`tcp://${to}`);
  const sockets = new Set<Socket>();
  let isBlocked = false;
  const server: Server = createServer((near) => {
    const far = connect({ host: hostname, port: Number(port) });
    for (const [from, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.pipe(other).on('error', () => from.destroy());
      from.on('close', () => other.destroy());
      if (isBlocked) from.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('it listens on a port');
  return {
    address: `127.0.0.1:${bound.port}`,
    block() {
      isBlocked = true;
      for (const socket of sockets) socket.pause();
    },
    open() {
      isBlocked = false;
      for (const socket of sockets) socket.resume();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function watch(address: string): RemoteStores {
  const stores = new RemoteStores({
    discovery: createStaticDiscovery([{ nodeName: 'node-1', address }]),
    listKnown: () => [],
    connect: (agent, onTrouble) =>
      createAgentConnection({
        type: agentType,
        agent,
        onTrouble,
        keepalive: { timeMs: 1_000, timeoutMs: 1_000 },
      }),
    clock: systemClock,
    logger: silentLogger,
  });
  stores.start();
  return stores;
}

/** Resolves when the one pool is open, or is not. */
async function whenOpen(stores: RemoteStores, isOpen: boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (): void => {
    const [entry] = stores.storesOf('hostpath.stowage.dev').list();
    if (entry !== undefined && 'store' in entry.state === isOpen) resolve();
  };
  using _subscription = stores.reports.onChange(look);
  look();
  await promise;
}

function getStore(stores: RemoteStores) {
  const [entry] = stores.storesOf('hostpath.stowage.dev').list();
  if (entry === undefined || !('store' in entry.state)) throw new Error('the pool is not open');
  return entry.state.store;
}

async function startAgent(address?: string): Promise<TestAgent> {
  return await startTestAgent({
    stores: toDirectory(() => local),
    ...(address === undefined ? {} : { address }),
  });
}

describe('the way to an agent', () => {
  it('does not lead through the proxies of the environment', async () => {
    await using agent = await startAgent();
    const names = ['http_proxy', 'https_proxy', 'grpc_proxy', 'no_proxy'] as const;
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = name === 'no_proxy' ? '' : 'http://127.0.0.1:9';
    try {
      const stores = watch(agent.address);
      await stores.whenTried();
      expect(stores.listAgents()).toMatchObject([{ state: { kind: 'answering' } }]);
      await stores.close();
    } finally {
      for (const [index, name] of names.entries()) {
        const value = before[index];
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  });
});

describe('a store whose agent goes away', () => {
  it('is unavailable soon after a call has failed, and open again soon after the agent is back', async () => {
    const agent = await startAgent();
    const stores = watch(agent.address);
    await whenOpen(stores, true);
    const store = getStore(stores);
    await agent.stop(0);

    await expect(store.createVolume(toRequest('pvc-1'), signal)).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining(`The agent of node node-1 (${agent.address}) does not answer`),
    });
    const failedAt = performance.now();
    await whenOpen(stores, false);
    expect(performance.now() - failedAt).toBeLessThan(3_000);
    await using _again = await startAgent(agent.address);
    const backAt = performance.now();
    await whenOpen(stores, true);

    expect(performance.now() - backAt).toBeLessThan(5_000);
    await expect(getStore(stores).getHealth(signal)).resolves.toEqual([]);
    await stores.close();
  });

  it('is unavailable within about three seconds when the agent says nothing more, and calls do not hang', async () => {
    await using agent = await startAgent();
    await using way = await layWay(agent.address);
    const stores = watch(way.address);
    await whenOpen(stores, true);

    way.block();
    const blockedAt = performance.now();
    const call = getStore(stores).getHealth(signal);
    await expect(call).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
    await whenOpen(stores, false);
    expect(performance.now() - blockedAt).toBeLessThan(6_000);

    way.open();
    await whenOpen(stores, true);
    await stores.close();
  });
});
