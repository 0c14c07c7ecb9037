import { describe, expect, it } from 'vitest';
import { type SeenRequest, startFakeApi } from '../../test/support/fake-api-server.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { keepLog } from '../../test/support/log-lines.ts';
import { silentLogger } from '../observability/logger.ts';
import type { PoolNews } from '../pools/pool-news.ts';
import { Background } from './background.ts';
import { KubernetesGround } from './kubernetes-ground.ts';
import { Readiness } from './readiness.ts';

const never = new AbortController().signal;
const POOLS_PATH = '/apis/stowage.dev/v1alpha1/pools';
const EVENTS_PATH = '/api/v1/namespaces/default/events';

const NEWS: PoolNews = {
  poolId: 'poolaaaa',
  type: 'Warning',
  reason: 'PoolSilent',
  message: 'Pool ssd on node node-a does not answer.',
};

async function startGround() {
  const api = await startFakeApi();
  const { logger, say } = keepLog();
  const clock = new FakeClock(Date.now());
  const background = new Background(logger);
  const readiness = new Readiness();
  await readiness.track(Promise.resolve(), silentLogger);
  const ground = new KubernetesGround(api.createAccess(), { background, readiness, clock, logger });
  return {
    api,
    ground,
    background,
    say,
    obstacles: () => readiness.listReasons(),
    /** Time passes until it is so. */
    async passUntil(isTrue: () => boolean) {
      while (!isTrue()) {
        clock.advance(1000);
        await new Promise((resolve) => {
          setTimeout(resolve, 1);
        });
      }
    },
    async [Symbol.asyncDispose]() {
      await background.close();
      ground.close();
      await api.close();
    },
  };
}

type Scene = Awaited<ReturnType<typeof startGround>>;

/** Everything but this is allowed. */
function forbid({ api }: Scene, isForbidden: (request: SeenRequest) => boolean): void {
  api.isAllowed = (request) => !isForbidden(request);
}

function allowAll({ api }: Scene): void {
  api.isAllowed = () => true;
}

function lacks(verb: string, resource: string): RegExp {
  return new RegExp(
    `Cannot ${verb} ${resource}.*let the service account ${verb} ${resource} \\(docs/reference/rbac\\.md\\)`,
  );
}

describe('what is not allowed at the start', () => {
  const TLS = { caSecret: 'stowage-ca', agentSecret: 'stowage-agent-tls', namespace: 'storage' };
  const SECRETS_PATH = '/api/v1/namespaces/storage/secrets';
  const AGENTS = { namespace: 'storage', selector: 'app=node', port: 9810 };
  const LEASE = { namespace: 'storage', name: 'stowage-controller' };

  it.each(['get', 'create'])('is waited for by name: to %s Secrets', async (verb) => {
    await using scene = await startGround();
    forbid(scene, (request) => request.plural === 'secrets' && request.verb === verb);

    const opening = scene.ground.openTls(TLS, never);
    await scene.passUntil(() => scene.obstacles().length > 0);
    expect(scene.obstacles()).toEqual([expect.stringMatching(lacks(verb, 'secrets'))]);
    allowAll(scene);
    let isOpen = false;
    void opening.then(() => (isOpen = true));
    await scene.passUntil(() => isOpen);

    expect((await opening).current().certificate).toContain('BEGIN CERTIFICATE');
    expect(scene.obstacles()).toEqual([]);
  });

  it('leaves what was made before it was noticed as it is: the authority, when the Secret of the agents may not be read', async () => {
    await using scene = await startGround();
    forbid(scene, ({ name, verb }) => name === TLS.agentSecret && verb === 'get');
    const opening = scene.ground.openTls(TLS, never);
    await scene.passUntil(() => scene.obstacles().length > 0);
    const before = scene.api.store.get(SECRETS_PATH, TLS.caSecret)['data'];

    allowAll(scene);
    let isOpen = false;
    void opening.then(() => (isOpen = true));
    await scene.passUntil(() => isOpen);

    const after = scene.api.store.get(SECRETS_PATH, TLS.caSecret)['data'] as Record<string, string>;
    expect(after['ca.key']).toBe((before as Record<string, string>)['ca.key']);
    expect(scene.api.store.list(SECRETS_PATH)).toHaveLength(2);
  });

  it('is waited for like a Secret that something else has made, until that is out of the way', async () => {
    await using scene = await startGround();
    scene.api.store.create(SECRETS_PATH, { metadata: { name: TLS.caSecret }, type: 'Opaque', data: {} });
    const opening = scene.ground.openTls(TLS, never);
    await scene.passUntil(() => scene.obstacles().length > 0);
    expect(scene.obstacles()).toEqual([expect.stringContaining('It is left alone')]);

    scene.api.store.delete(SECRETS_PATH, TLS.caSecret);
    let isOpen = false;
    void opening.then(() => (isOpen = true));
    await scene.passUntil(() => isOpen);

    expect(scene.obstacles()).toEqual([]);
  });

  it('is waited for by name: to get the namespace that tells clusters apart', async () => {
    await using scene = await startGround();
    const { metadata } = scene.api.store.create('/api/v1/namespaces', { metadata: { name: 'kube-system' } });
    forbid(scene, ({ plural }) => plural === 'namespaces');

    const asking = scene.ground.getClusterId(never);
    await scene.passUntil(() => scene.obstacles().length > 0);
    expect(scene.obstacles()).toEqual([expect.stringMatching(lacks('get', 'namespaces'))]);
    allowAll(scene);
    let clusterId = '';
    void asking.then((id) => (clusterId = id));
    await scene.passUntil(() => clusterId !== '');

    expect(clusterId).toBe(metadata.uid);
    expect(scene.obstacles()).toEqual([]);
  });

  it.each(['list', 'watch'])('is waited for by name: to %s pods', async (verb) => {
    await using scene = await startGround();
    forbid(scene, (request) => request.plural === 'pods' && request.verb === verb);

    const discovery = scene.ground.followPods(AGENTS);
    await scene.passUntil(() => scene.obstacles().length > 0);
    expect(scene.obstacles()).toEqual([expect.stringMatching(lacks(verb, 'pods'))]);
    allowAll(scene);
    let isKnown = false;
    void discovery.whenKnown(never).then(() => (isKnown = true));
    await scene.passUntil(() => isKnown && scene.obstacles().length === 0);

    expect(discovery.list()).toEqual([]);
  });

  it.each(['get', 'create'])('is waited for by name: to %s Leases', async (verb) => {
    await using scene = await startGround();
    forbid(scene, (request) => request.plural === 'leases' && request.verb === verb);
    let isHeld = false;
    const lease = scene.ground.createLease(LEASE);

    scene.background.run('it ends', (signal) => lease.holdWhile(async () => void (isHeld = true), signal));
    await scene.passUntil(() => scene.obstacles().length > 0);
    expect(scene.obstacles()).toEqual([expect.stringMatching(lacks(verb, 'leases.coordination.k8s.io'))]);
    allowAll(scene);
    await scene.passUntil(() => isHeld);

    expect(scene.obstacles()).toEqual([]);
  });

  it('is said in the log once for each right, however long it is missing', async () => {
    await using scene = await startGround();
    forbid(scene, ({ plural }) => plural === 'secrets');
    const stop = new AbortController();
    const opening = scene.ground.openTls(TLS, stop.signal);

    await scene.passUntil(() => scene.api.requests.length > 4);
    stop.abort(new Error('enough'));

    await expect(opening).rejects.toThrow('enough');
    expect(scene.say()).toEqual([expect.stringMatching(/^warn .*Cannot get secrets stowage-ca/)]);
  });
});

describe('a controller without others', () => {
  it('holds what it would have to share at once', async () => {
    await using scene = await startGround();
    let isHeld = false;

    await scene.ground.createLease(undefined).holdWhile(async () => void (isHeld = true), never);

    expect(isHeld).toBe(true);
    expect(scene.api.requests).toEqual([]);
  });
});

describe('snapshots', () => {
  it('are missed, in words, where nobody can ask for them', async () => {
    await using scene = await startGround();

    scene.ground.noticeSnapshots();
    await scene.passUntil(() => scene.say().length > 0);

    expect(scene.say()).toEqual([expect.stringMatching(/^warn .*no snapshot\.storage\.k8s\.io\/v1/)]);
  });
});

describe('the registry', () => {
  it('is of custom resources', async () => {
    await using scene = await startGround();
    const registry = scene.ground.createRegistry();

    await registry.record(
      {
        driver: 'hostpath.stowage.dev',
        poolName: 'ssd',
        nodeName: 'node-a',
        poolId: 'aaaaaaaa',
        onNodeLoss: { action: 'keep' },
        condition: 'open',
        room: undefined,
      },
      never,
    );

    expect(scene.api.store.list(POOLS_PATH)).toMatchObject([{ metadata: { name: 'aaaaaaaa' } }]);
  });
});

describe('news of a pool', () => {
  it('are an Event that kubectl shows with the pool, for it has the uid', async () => {
    await using scene = await startGround();
    const { metadata } = scene.api.store.create(POOLS_PATH, { metadata: { name: 'poolaaaa' } });

    await scene.ground.tellOfPool(NEWS, never);
    await scene.ground.settle();

    expect(scene.api.store.list(EVENTS_PATH)).toMatchObject([
      {
        involvedObject: {
          apiVersion: 'stowage.dev/v1alpha1',
          kind: 'Pool',
          name: 'poolaaaa',
          uid: metadata.uid,
        },
        type: 'Warning',
        reason: 'PoolSilent',
        message: NEWS.message,
      },
    ]);
  });

  it('of one that is no longer registered are nobody’s', async () => {
    await using scene = await startGround();

    await scene.ground.tellOfPool(NEWS, never);
    await scene.ground.settle();

    expect(scene.api.store.list(EVENTS_PATH)).toEqual([]);
  });

  it('that cannot be told are lost, in words', async () => {
    await using scene = await startGround();
    scene.api.fail({ status: 500 });

    await scene.ground.tellOfPool(NEWS, never);

    expect(scene.say()).toEqual([expect.stringMatching(/^warn News of a pool cannot be told/)]);
  });
});

describe('the volumes that a cluster knows', () => {
  it('are told by their ids', async () => {
    await using scene = await startGround();
    scene.api.store.create('/api/v1/persistentvolumes', {
      metadata: { name: 'pv-1' },
      spec: { csi: { driver: 'hostpath.stowage.dev', volumeHandle: 'v1' } },
    });

    await expect(scene.ground.listHandles('hostpath.stowage.dev', never)).resolves.toEqual(new Set(['v1']));
  });
});
