import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { CertifiedKey } from '../certificates/certificate.ts';
import { createAuthority, createLeaf } from '../certificates/certificate.ts';
import { ApiClient } from './client.ts';
import { createInClusterAccess } from './in-cluster.ts';
import { NAMESPACES } from './kinds.ts';
import { createKubeconfigAccess } from './kubeconfig.ts';

const never = new AbortController().signal;
const HOUR_MS = 3_600_000;

async function makeAuthority(name: string): Promise<CertifiedKey> {
  return await createAuthority(name, soon());
}

function soon() {
  return { notBefore: new Date(Date.now() - HOUR_MS), notAfter: new Date(Date.now() + HOUR_MS) };
}

/** An API over TLS that answers with who asks: the token, and the name in the client's certificate. */
async function serveApi(authority: CertifiedKey) {
  const leaf = await createLeaf({ authority, dnsNames: ['localhost'], validity: soon() });
  const server: Server = createServer(
    {
      cert: leaf.certificate,
      key: leaf.key,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      const who = {
        token: request.headers.authorization,
        path: request.url,
        name: socket.getPeerX509Certificate()?.subject,
      };
      response.end(JSON.stringify(who));
    },
  );
  server.listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port: String(port),
    [Symbol.dispose]: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The service account of a pod, whose files the test writes, and a client that uses it. */
async function openAccount(
  { host = 'localhost', port }: { readonly host?: string; readonly port: string },
  authority: CertifiedKey,
) {
  const directory = await mkdtempDisposable(join(tmpdir(), 'stowage-account-'));
  const write = async (name: 'token' | 'ca.crt', text: string): Promise<void> =>
    await writeFile(join(directory.path, name), text);
  await write('token', 'secret-1\n');
  await write('ca.crt', authority.certificate);
  const clock = new FakeClock();
  const access = createInClusterAccess({ host, port, directory: directory.path, clock });
  const client = new ApiClient({ access });
  return {
    write,
    access,
    client,
    clock,
    remove: () => directory.remove(),
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
      await directory.remove();
    },
  };
}

const CALL = { verb: 'get', kind: NAMESPACES, name: 'kube-system' } as const;

describe('the service account of a pod', () => {
  it('is shown to an API that its certificates vouch for', async () => {
    const authority = await makeAuthority('cluster');
    using api = await serveApi(authority);
    await using account = await openAccount(api, authority);

    await expect(account.client.call(CALL, never)).resolves.toMatchObject({
      token: 'Bearer secret-1',
      path: '/api/v1/namespaces/kube-system',
    });
  });

  it('is read again after a minute, and stays when it cannot be', async () => {
    const authority = await makeAuthority('cluster');
    using api = await serveApi(authority);
    await using account = await openAccount(api, authority);
    const { client, clock } = account;
    await client.call(CALL, never);

    await account.write('token', 'secret-2');
    clock.advance(59_000);
    await expect(client.call(CALL, never)).resolves.toMatchObject({ token: 'Bearer secret-1' });
    clock.advance(1_000);
    await expect(client.call(CALL, never)).resolves.toMatchObject({ token: 'Bearer secret-2' });
    await account.remove();
    clock.advance(60_000);

    await expect(client.call(CALL, never)).resolves.toMatchObject({ token: 'Bearer secret-2' });
  });

  it('takes up certificates of a new authority', async () => {
    const [old, young] = await Promise.all([makeAuthority('old'), makeAuthority('young')]);
    using api = await serveApi(young);
    await using account = await openAccount(api, old);
    const { client, clock } = account;

    await expect(client.call(CALL, never)).rejects.toThrow('cannot be reached');
    await account.write('ca.crt', young.certificate);
    clock.advance(60_000);

    await expect(client.call(CALL, never)).resolves.toMatchObject({ token: 'Bearer secret-1' });
  });

  it('is missed in words', async () => {
    const access = createInClusterAccess({
      host: 'localhost',
      port: '1',
      directory: '/nowhere',
      clock: new FakeClock(),
    });
    using client = new ApiClient({ access });

    await expect(client.call(CALL, never)).rejects.toThrow(
      /automountServiceAccountToken.*Pods of nodes have none: run commands in that of a controller/,
    );
  });

  it('finds an API whose address is IPv6', async () => {
    await using account = await openAccount({ host: 'fd00::1', port: '443' }, await makeAuthority('a'));

    await expect(account.access.route()).resolves.toMatchObject({ server: 'https://[fd00::1]:443' });
  });
});

describe('a kubeconfig', () => {
  it('says where the API is, and who asks: by a token', async () => {
    const authority = await makeAuthority('cluster');
    using api = await serveApi(authority);
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-kubeconfig-'));
    const path = join(directory.path, 'config');
    await writeFile(
      path,
      toKubeconfig(`https://localhost:${api.port}/prefix/`, authority, { token: 'secret-1' }),
    );
    using client = new ApiClient({ access: await createKubeconfigAccess(path) });

    await expect(client.call(CALL, never)).resolves.toMatchObject({
      token: 'Bearer secret-1',
      path: '/prefix/api/v1/namespaces/kube-system',
    });
  });

  it('or by a certificate', async () => {
    const authority = await makeAuthority('cluster');
    using api = await serveApi(authority);
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-kubeconfig-'));
    const path = join(directory.path, 'config');
    const leaf = await createLeaf({ authority, dnsNames: ['someone'], validity: soon() });
    const user = { 'client-certificate-data': encode(leaf.certificate), 'client-key-data': encode(leaf.key) };
    await writeFile(path, toKubeconfig(`https://localhost:${api.port}`, authority, user));
    using client = new ApiClient({ access: await createKubeconfigAccess(path) });

    await expect(client.call(CALL, never)).resolves.toMatchObject({ name: 'CN=someone' });
  });

  it.each([
    ['that is not there', undefined],
    ['that is no YAML', ': :'],
    ['without a cluster', '{}'],
  ])('%s is refused', async (_what, text) => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-kubeconfig-'));
    const path = join(directory.path, 'config');
    if (text !== undefined) await writeFile(path, text);

    await expect(createKubeconfigAccess(path)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** JSON is YAML. */
function toKubeconfig(server: string, authority: CertifiedKey, user: object): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    clusters: [
      { name: 'c', cluster: { server, 'certificate-authority-data': encode(authority.certificate) } },
    ],
    users: [{ name: 'u', user }],
  });
}
