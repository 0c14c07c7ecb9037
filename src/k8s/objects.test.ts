import { describe, expect, it } from 'vitest';
import { startFakeApi } from '../../test/support/fake-api-server.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { silentLogger } from '../observability/logger.ts';
import { getClusterId } from './namespace-uid.ts';
import { listVolumeHandles } from './persistent-volumes.ts';
import type { SecretDraft } from './secrets.ts';
import { createSecrets } from './secrets.ts';
import { noticeSnapshotApi } from './snapshot-api.ts';

const never = new AbortController().signal;

const DRAFT: SecretDraft = {
  name: 'a',
  type: 'Opaque',
  labels: {},
  annotations: {},
  data: { key: 'välue' },
};

describe('a Secret', () => {
  it('is kept as base64, and read as it was written', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const secrets = createSecrets(client, 'storage');

    await secrets.ensure(DRAFT, never);

    expect(api.store.get('/api/v1/namespaces/storage/secrets', 'a')['data']).toEqual({ key: 'dsOkbHVl' });
    expect(await secrets.find('a', never)).toMatchObject(DRAFT);
    expect(await secrets.find('b', never)).toBeUndefined();
  });

  it('is made by one maker: the others get what that one made', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const secrets = createSecrets(client, 'storage');

    const made = await Promise.all(
      ['1', '2', '3'].map((value) => secrets.ensure({ ...DRAFT, data: { value } }, never)),
    );

    expect(new Set(made.map(({ data }) => data['value'])).size).toBe(1);
  });

  it('is replaced only while it is what was read', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const secrets = createSecrets(client, 'storage');
    const first = await secrets.ensure(DRAFT, never);

    const second = await secrets.replace({ ...first, data: { other: 'x' } }, never);

    expect(second?.data).toEqual({ other: 'x' });
    expect(await secrets.replace({ ...first, data: {} }, never)).toBeUndefined();
    expect((await secrets.find('a', never))?.data).toEqual({ other: 'x' });
  });
});

describe('the id of a cluster', () => {
  it('is the UID of kube-system', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const { metadata } = api.store.create('/api/v1/namespaces', { metadata: { name: 'kube-system' } });

    await expect(getClusterId(client, never)).resolves.toBe(metadata.uid);
  });

  it('is never guessed', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();

    await expect(getClusterId(client, never)).rejects.toThrow('set clusterId');
    api.fail({ status: 503 });
    await expect(getClusterId(client, never)).rejects.toMatchObject({ code: 'CLUSTER_UNAVAILABLE' });
  });
});

describe('the volumes of a driver', () => {
  it('are those PersistentVolumes that name it', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const add = (name: string, spec: object): void => {
      api.store.create('/api/v1/persistentvolumes', { metadata: { name }, spec });
    };
    const csi = { driver: 'hostpath.stowage.dev', volumeHandle: 'v1' };
    add('pv-1', { csi });
    add('pv-2', { csi: { ...csi, volumeHandle: 'v2' } });
    add('pv-3', { csi: { ...csi, driver: 'other.example' } });
    add('pv-4', { hostPath: { path: '/x' } });

    const handles = await listVolumeHandles(client, 'hostpath.stowage.dev', never);

    expect([...handles].sort()).toEqual(['v1', 'v2']);
  });
});

describe('the API of snapshots', () => {
  it.each([
    ['is missed once, in words', false, ['This cluster has no snapshot.storage.k8s.io/v1']],
    ['is not mentioned when it is there', true, []],
  ])('%s', async (_what, isThere, sentences) => {
    await using api = await startFakeApi();
    using client = api.createClient();
    if (isThere) api.kinds.add('volumesnapshots.snapshot.storage.k8s.io');
    const warnings: string[] = [];
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };

    const found = await noticeSnapshotApi({ client, clock: new FakeClock(), logger }, never);

    expect(found).toBe(isThere);
    expect(warnings.map((warning) => warning.split(',')[0])).toEqual(sentences);
  });

  it('is asked for again while Kubernetes is away', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    api.kinds.add('volumesnapshots.snapshot.storage.k8s.io');
    api.fail({ status: 503 });
    const clock = new FakeClock();

    const noticing = noticeSnapshotApi({ client, clock, logger: silentLogger }, never);
    await clock.whenSleeping();
    clock.advance(60_000);

    await expect(noticing).resolves.toBe(true);
  });

  it('is not waited for by who stops', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    api.fail({ status: 503 });
    const clock = new FakeClock();
    const stop = new AbortController();

    const noticing = noticeSnapshotApi({ client, clock, logger: silentLogger }, stop.signal);
    await clock.whenSleeping();
    stop.abort();

    await expect(noticing).resolves.toBeUndefined();
  });
});
