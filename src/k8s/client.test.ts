import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { Fault } from '../../test/support/fake-api-server.ts';
import { startFakeApi } from '../../test/support/fake-api-server.ts';
import { isDriverError } from '../domain/errors.ts';
import { ApiClient } from './client.ts';
import type { ApiFailure } from './errors.ts';
import { KubernetesError } from './errors.ts';
import { PODS, POOLS, SECRETS } from './kinds.ts';
import { ApiResource, ObjectMeta } from './resource.ts';

const never = new AbortController().signal;
const NAMESPACE = 'storage';
const SECRETS_PATH = `/api/v1/namespaces/${NAMESPACE}/secrets`;
const schema = z.looseObject({ metadata: ObjectMeta });

function secretsOf(client: ApiClient) {
  return new ApiResource(client, SECRETS, { namespace: NAMESPACE, schema });
}

/** The error that work ends with. */
async function failureOf(work: Promise<unknown>): Promise<KubernetesError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof KubernetesError) return error;
  throw new Error('expected a KubernetesError', { cause: error });
}

describe('a refusal', () => {
  it.each<[ApiFailure, Fault, string]>([
    ['unauthorized', { status: 401 }, 'does not take our credentials'],
    [
      'forbidden',
      { status: 403 },
      'Cannot get secrets a in namespace storage: forbidden, a planned fault. If it is a matter of RBAC, let the service account get secrets',
    ],
    ['unknown-kind', { status: 404, body: '404 page not found' }, 'has no secrets'],
    ['conflict', { status: 409 }, 'somebody else changed it'],
    ['expired', { status: 410 }, 'listed again'],
    ['invalid', { status: 422 }, 'takes the request for wrong (422)'],
    ['unavailable', { status: 429 }, 'cannot answer now (429)'],
    ['unavailable', { status: 500 }, 'cannot answer now (500)'],
    ['unavailable', { status: 503, body: '<html>gateway</html>' }, 'cannot answer now (503)'],
    ['unavailable', { status: 302, headers: { location: 'http://elsewhere' } }, 'cannot answer now (302)'],
    ['unavailable', { status: 200, body: '{"half' }, 'the answer is no JSON'],
    ['invalid', { status: 200, body: '{"kind":"Other"}' }, 'not as it should be at metadata'],
  ])('is told as %s', async (failure, fault, sentence) => {
    await using api = await startFakeApi();
    using client = api.createClient();
    api.fail(fault, undefined, 2);

    const error = await failureOf(secretsOf(client).find('a', never));

    expect(error.failure).toBe(failure);
    expect(error.message).toContain(sentence);
  });

  it('says which verb on which resource is missing', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    api.isAllowed = () => false;
    const pods = new ApiResource(client, PODS, { namespace: NAMESPACE, schema });

    const error = await failureOf(pods.list({}, never));

    expect(isDriverError(error, 'PERMISSION_DENIED')).toBe(true);
    expect(error.message).toContain('let the service account list pods');
  });

  it('tells a kind that is not installed from an object that does not exist', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const pools = new ApiResource(client, POOLS, { schema });

    await expect(pools.find('a', never)).resolves.toBeUndefined();
    api.kinds.delete('pools.stowage.dev');

    await expect(pools.find('a', never)).rejects.toThrow('has no pools.stowage.dev; install its CRD');
  });

  it('keeps what the API says of a Secret that is wrong to itself', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const message = 'Invalid value: "hunter2"';
    api.fail({ status: 422, body: JSON.stringify({ kind: 'Status', message }) });

    const error = await failureOf(secretsOf(client).create({ metadata: { name: 'a' } }, never));

    expect(error.message).toContain('Cannot create secrets a in namespace storage');
    expect(JSON.stringify([error.message, error.details, error.cause])).not.toContain('hunter2');
  });

  it('tells how long the API wants to be left alone', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    api.fail({ status: 429, headers: { 'retry-after': '7' } });

    expect((await failureOf(secretsOf(client).find('a', never))).retryAfterMs).toBe(7000);
  });
});

describe('an API that does not answer', () => {
  it('is given up at the deadline', async () => {
    await using api = await startFakeApi();
    using client = api.createClient({ deadlineMs: 30 });
    api.fail('stall');

    const error = await failureOf(secretsOf(client).find('a', never));

    expect(isDriverError(error, 'CLUSTER_UNAVAILABLE')).toBe(true);
    expect(error.message).toContain('did not answer within 0.03 s');
  });

  it('that waits for credentials ends in time as well', async () => {
    const access = { route: () => new Promise<never>(() => undefined), forgetCredentials: () => undefined };
    using client = new ApiClient({
      access: { ...access, [Symbol.dispose]: () => undefined },
      deadlineMs: 30,
    });

    const error = await failureOf(secretsOf(client).find('a', never));

    expect(error.message).toContain('did not answer within 0.03 s');
  });

  it('keeps nobody who no longer waits', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    api.fail('stall');
    const caller = new AbortController();
    const found = secretsOf(client).find('a', caller.signal);

    caller.abort(new Error('the caller left'));

    await expect(found).rejects.toThrow('the caller left');
  });

  it('is told from one that breaks the connection', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    api.fail('drop');

    expect((await failureOf(secretsOf(client).find('a', never))).message).toContain('(ECONNRESET)');
  });

  it('is told from one that is not there', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const api = await startFakeApi();
    using client = api.createClient();
    await api.close();
    closed.close();

    expect((await failureOf(secretsOf(client).find('a', never))).message).toContain('(ECONNREFUSED)');
  });

  it('is asked once more when it closed a connection that was kept, but not to change something', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const secrets = secretsOf(client);
    await secrets.find('a', never);
    api.fail('drop');

    await expect(secrets.find('a', never)).resolves.toBeUndefined();

    api.fail('drop');
    expect((await failureOf(secrets.create({ metadata: { name: 'a' } }, never))).failure).toBe('unavailable');
    expect(api.requests.filter(({ verb }) => verb === 'create')).toHaveLength(1);
  });
});

describe('credentials', () => {
  it('are looked for anew when the API no longer takes them', async () => {
    await using api = await startFakeApi();
    api.token = 'new';
    let token = 'old';
    const access = api.createAccess();
    const renewed = {
      ...access,
      route: async () => ({ ...(await access.route()), headers: { authorization: `Bearer ${token}` } }),
      forgetCredentials: () => {
        token = 'new';
      },
    };
    using client = new ApiClient({ access: renewed });

    await expect(secretsOf(client).find('a', never)).resolves.toBeUndefined();
  });

  it('never are in an error', async () => {
    await using api = await startFakeApi();
    api.token = 'right';
    using client = new ApiClient({ access: api.createAccess({ authorization: 'Bearer hunter2' }) });

    const error = await failureOf(secretsOf(client).find('a', never));

    expect(`${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(
      'hunter2',
    );
  });
});

describe('objects', () => {
  it('are made once: who comes second is told so', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const secrets = secretsOf(client);

    const made = await Promise.all(
      Array.from({ length: 4 }, () => secrets.create({ metadata: { name: 'a' } }, never)),
    );

    expect(made.filter((object) => object !== undefined)).toHaveLength(1);
  });

  it('are replaced only by who knows their last version', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const secrets = secretsOf(client);
    const first = await secrets.create({ metadata: { name: 'a' } }, never);
    const { resourceVersion = '' } = first?.metadata ?? {};

    const second = await secrets.replace({ metadata: { name: 'a', resourceVersion }, value: 2 }, never);
    const late = await secrets.replace({ metadata: { name: 'a', resourceVersion }, value: 3 }, never);

    expect(second).toMatchObject({ value: 2 });
    expect(late).toBeUndefined();
    expect(await secrets.replace({ metadata: { name: 'none' } }, never)).toBeUndefined();
  });

  it('are patched in what a patch names', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const secrets = secretsOf(client);
    await secrets.create({ metadata: { name: 'a' }, value: { x: 1, y: 2 } }, never);

    await expect(secrets.mergePatch('a', { value: { x: null, z: 3 } }, never)).resolves.toMatchObject({
      value: { y: 2, z: 3 },
    });
    await expect(secrets.mergePatch('none', {}, never)).resolves.toBeUndefined();
  });

  it('are deleted only while they are those that are meant; again does no harm', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    const secrets = secretsOf(client);
    const made = await secrets.create({ metadata: { name: 'a' } }, never);

    await expect(secrets.delete('a', { uid: 'another' }, never)).resolves.toBe(false);
    await expect(secrets.delete('a', { uid: made?.metadata.uid ?? '' }, never)).resolves.toBe(true);
    await expect(secrets.delete('a', {}, never)).resolves.toBe(true);
  });

  it('are listed over all pages', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    for (let number = 0; number < 1201; number += 1) {
      api.store.create(SECRETS_PATH, { metadata: { name: `s${number}` } });
    }

    const { items, resourceVersion } = await secretsOf(client).list({}, never);

    expect(new Set(items.map(({ metadata }) => metadata.name)).size).toBe(1201);
    expect(resourceVersion).toBe(String(api.store.version));
    expect(api.requests).toHaveLength(3);
  });

  it('are listed from the beginning when the pages grew too old', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    for (let number = 0; number < 501; number += 1) {
      api.store.create(SECRETS_PATH, { metadata: { name: `s${number}` } });
    }
    api.fail({ status: 410 }, ({ query }) => query.has('continue'));

    const { items } = await secretsOf(client).list({}, never);

    expect(items).toHaveLength(501);
    expect(api.requests).toHaveLength(4);
  });
});

describe('hasGroupVersion', () => {
  it('tells whether the API serves a group', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();

    await expect(client.hasGroupVersion('stowage.dev', 'v1alpha1', never)).resolves.toBe(true);
    await expect(client.hasGroupVersion('snapshot.storage.k8s.io', 'v1', never)).resolves.toBe(false);
  });

  it('does not take silence for no', async () => {
    await using api = await startFakeApi();
    using client = api.createClient();
    api.fail({ status: 503 });

    await expect(client.hasGroupVersion('stowage.dev', 'v1alpha1', never)).rejects.toThrow('503');
  });
});
