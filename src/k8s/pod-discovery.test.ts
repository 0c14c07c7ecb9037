import { describe, expect, it } from 'vitest';
import type { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { startFakeApi } from '../../test/support/fake-api-server.ts';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../observability/logger.ts';
import type { PodDiscovery } from './pod-discovery.ts';
import { createPodDiscovery } from './pod-discovery.ts';

const PODS_PATH = '/api/v1/namespaces/storage/pods';
const LABELS = { app: 'stowage-node' };

interface PodFacts {
  readonly name: string;
  readonly node?: string;
  readonly ip?: string;
  readonly phase?: string;
  readonly created?: string;
  readonly deleted?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

function toPod({ name, node, ip, phase = 'Running', created, deleted, labels = LABELS }: PodFacts) {
  return {
    metadata: {
      name,
      namespace: 'storage',
      labels,
      creationTimestamp: created ?? '2026-01-01T00:00:00Z',
      ...(deleted === undefined ? {} : { deletionTimestamp: deleted }),
    },
    spec: node === undefined ? {} : { nodeName: node },
    status: { phase, ...(ip === undefined ? {} : { podIP: ip }) },
  };
}

function addPod(api: FakeApiServer, facts: PodFacts): void {
  api.store.create(PODS_PATH, toPod(facts));
}

/** A discovery that runs until it is disposed, and how to wait for what it says. */
async function startDiscovery(api: FakeApiServer) {
  await using undo = new AsyncDisposableStack();
  const client = undo.use(api.createClient());
  const discovery = createPodDiscovery({
    client,
    namespace: 'storage',
    selector: 'app=stowage-node',
    port: 9810,
    // Pauses are real, but a test need not wait for them.
    clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 100, signal) },
    logger: silentLogger,
  });
  const stop = new AbortController();
  const running = discovery.run(stop.signal);
  undo.defer(async () => {
    stop.abort();
    await running;
  });
  const owned = undo.move();
  return { discovery, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function whenListed(discovery: PodDiscovery, addresses: readonly string[]): Promise<void> {
  const isListed = (): boolean => {
    const listed = discovery.list().map(({ nodeName, address }) => `${nodeName} ${address}`);
    return JSON.stringify(listed) === JSON.stringify(addresses);
  };
  if (isListed()) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  using _subscription = discovery.onChange(() => {
    if (isListed()) resolve();
  });
  await promise;
}

describe('pods as agents', () => {
  it('are those that run, each by its node and address', async () => {
    await using api = await startFakeApi();
    addPod(api, { name: 'a', node: 'node-b', ip: '10.0.0.2' });
    addPod(api, { name: 'b', node: 'node-a', ip: '10.0.0.1' });
    addPod(api, { name: 'six', node: 'node-c', ip: 'fd00::7' });
    addPod(api, { name: 'waits', node: 'node-d', ip: '10.0.0.3', phase: 'Pending' });
    addPod(api, { name: 'evicted', node: 'node-e', ip: '10.0.0.4', phase: 'Failed' });
    addPod(api, { name: 'goes', node: 'node-f', ip: '10.0.0.5', deleted: '2026-01-02T00:00:00Z' });
    addPod(api, { name: 'homeless', ip: '10.0.0.6' });
    addPod(api, { name: 'mute', node: 'node-g' });
    addPod(api, { name: 'foreign', node: 'node-h', ip: '10.0.0.8', labels: { app: 'other' } });

    await using started = await startDiscovery(api);

    await whenListed(started.discovery, [
      'node-a 10.0.0.1:9810',
      'node-b 10.0.0.2:9810',
      'node-c [fd00::7]:9810',
    ]);
    expect(started.discovery.hasSynced).toBe(true);
  });

  it('are the newest of each node', async () => {
    await using api = await startFakeApi();
    addPod(api, { name: 'old', node: 'node-a', ip: '10.0.0.1', created: '2026-01-01T00:00:00Z' });
    addPod(api, { name: 'new', node: 'node-a', ip: '10.0.0.2', created: '2026-01-01T00:00:01Z' });
    addPod(api, { name: 'middle', node: 'node-a', ip: '10.0.0.3', created: '2026-01-01T00:00:00Z' });

    await using started = await startDiscovery(api);

    await whenListed(started.discovery, ['node-a 10.0.0.2:9810']);
    expect(started.discovery.list()).toHaveLength(1);
  });

  it('are followed as they come, change and go', async () => {
    await using api = await startFakeApi();
    await using started = await startDiscovery(api);
    const { discovery } = started;

    addPod(api, { name: 'a', node: 'node-a', phase: 'Pending' });
    api.store.replace(PODS_PATH, 'a', toPod({ name: 'a', node: 'node-a', ip: '10.0.0.1' }));
    await whenListed(discovery, ['node-a 10.0.0.1:9810']);

    const leaving = toPod({ name: 'a', node: 'node-a', ip: '10.0.0.1', deleted: '2026-01-02T00:00:00Z' });
    api.store.replace(PODS_PATH, 'a', leaving);
    await whenListed(discovery, []);

    addPod(api, { name: 'b', node: 'node-a', ip: '10.0.0.2' });
    api.store.delete(PODS_PATH, 'a');
    await whenListed(discovery, ['node-a 10.0.0.2:9810']);

    api.store.delete(PODS_PATH, 'b');
    await whenListed(discovery, []);
    expect(api.requests.map(({ verb }) => verb)).toEqual(['list', 'watch']);
  });

  it('are told only when something about them matters', async () => {
    await using api = await startFakeApi();
    addPod(api, { name: 'a', node: 'node-a', ip: '10.0.0.1' });
    await using started = await startDiscovery(api);
    const { discovery } = started;
    await whenListed(discovery, ['node-a 10.0.0.1:9810']);
    let told = 0;
    using _count = discovery.onChange(() => {
      told += 1;
    });

    api.store.replace(PODS_PATH, 'a', toPod({ name: 'a', node: 'node-a', ip: '10.0.0.1' }));
    addPod(api, { name: 'b', node: 'node-b', ip: '10.0.0.2' });
    await whenListed(discovery, ['node-a 10.0.0.1:9810', 'node-b 10.0.0.2:9810']);

    expect(told).toBe(1);
  });
});

describe('while the API is away', () => {
  it('nothing is known before it was asked', async () => {
    await using api = await startFakeApi();
    api.fail({ status: 503 }, undefined, 3);
    addPod(api, { name: 'a', node: 'node-a', ip: '10.0.0.1' });

    await using started = await startDiscovery(api);

    expect(started.discovery.hasSynced).toBe(false);
    await whenListed(started.discovery, ['node-a 10.0.0.1:9810']);
    expect(started.discovery.hasSynced).toBe(true);
  });

  it('the last list stays, and is right again after', async () => {
    await using api = await startFakeApi();
    addPod(api, { name: 'a', node: 'node-a', ip: '10.0.0.1' });
    await using started = await startDiscovery(api);
    await whenListed(started.discovery, ['node-a 10.0.0.1:9810']);
    let told = 0;
    using _count = started.discovery.onChange(() => {
      told += 1;
    });

    api.fail({ status: 500 }, undefined, 5);
    api.dropWatches();
    expect(started.discovery.list()).toHaveLength(1);
    addPod(api, { name: 'b', node: 'node-b', ip: '10.0.0.2' });
    await whenListed(started.discovery, ['node-a 10.0.0.1:9810', 'node-b 10.0.0.2:9810']);

    expect(told).toBe(1);
  });
});
