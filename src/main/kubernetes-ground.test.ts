import { describe, expect, it } from 'vitest';
import { startFakeApi } from '../../test/support/fake-api-server.ts';
import { silentLogger } from '../observability/logger.ts';
import type { PoolNews } from '../pools/pool-news.ts';
import { Background } from './background.ts';
import { KubernetesGround } from './kubernetes-ground.ts';

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
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const background = new Background(logger);
  const ground = new KubernetesGround(api.createAccess(), background, { ...logger, child: () => logger });
  return {
    api,
    ground,
    warnings,
    async [Symbol.asyncDispose]() {
      await background.close();
      ground.close();
      await api.close();
    },
  };
}

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

    expect(scene.warnings).toEqual(['News of a pool cannot be told']);
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
