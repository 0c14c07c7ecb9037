import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FakeApiServer, startFakeApi } from '../support/fake-api-server.ts';
import { findFreePort } from '../support/free-port.ts';
import { startProgram } from '../support/program.ts';

/** A kubeconfig with which this API is asked as nobody in particular. */
function toKubeconfig(api: FakeApiServer): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'fake',
        cluster: { server: `http://127.0.0.1:${api.port}`, 'insecure-skip-tls-verify': true },
      },
    ],
    users: [{ name: 'nobody', user: {} }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'nobody' } }],
    'current-context': 'fake',
  });
}

async function startController(api: FakeApiServer) {
  await using undo = new AsyncDisposableStack();
  const directory = undo.use(await mkdtempDisposable(join(tmpdir(), 'stowage-rights-')));
  const kubeconfig = join(directory.path, 'kubeconfig');
  await writeFile(kubeconfig, toKubeconfig(api));
  const http = `127.0.0.1:${await findFreePort()}`;
  const endpoint = `unix://${join(directory.path, 'csi', 'csi.sock')}`;
  const configPath = join(directory.path, 'stowage.yaml');
  const namespace = 'storage';
  const config = {
    stateDirectory: join(directory.path, 'state'),
    runDirectory: join(directory.path, 'run'),
    http: { address: http },
    tls: { kubernetes: { namespace, caSecret: 'stowage-ca', agentSecret: 'stowage-agent-tls' } },
    controller: {
      agents: { kubernetes: { namespace, selector: 'app=node' } },
      registry: { type: 'kubernetes' },
      lease: { namespace },
    },
    drivers: { hostpath: { endpoint } },
  };
  await writeFile(configPath, JSON.stringify(config));
  const program = undo.use(
    await startProgram({
      role: 'controller',
      configPath,
      endpoint,
      until: 'started',
      environment: { KUBECONFIG: kubeconfig },
    }),
  );
  const owned = undo.move();
  return {
    program,
    async get(path: string): Promise<string> {
      const response = await fetch(`http://${http}${path}`);
      return `${response.status} ${await response.text()}`;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe('a controller in a cluster that lets it have nothing', () => {
  it('stays, says what is missing, and goes on by itself with each right that it is given', async () => {
    await using api = await startFakeApi();
    api.store.create('/api/v1/namespaces', { metadata: { name: 'kube-system' } });
    const given = new Set<string>();
    api.isAllowed = ({ plural }) => plural === '' || given.has(plural);
    await using controller = await startController(api);
    const asks = async (): Promise<string> => await controller.get('/readyz').catch(String);

    await expect.poll(asks, { timeout: 20_000 }).toMatch(/^503 [^]*get secrets[^]*get namespaces/);
    expect(await controller.get('/healthz')).toBe('200 ok\n');
    for (const [right, next] of [
      ['secrets', /^503 the program is starting\nCannot get namespaces kube-system.*\n$/],
      ['namespaces', /^503 [^]*(list pods|leases\.coordination|list pools)/],
      ['pods', /^503 [^]*(leases\.coordination|list pools)/],
      ['pools', /^503 [^]*leases\.coordination/],
      ['leases', /^200 ok\n$/],
    ] as const) {
      given.add(right);
      await expect.poll(asks, { timeout: 45_000 }).toMatch(next);
    }

    await expect
      .poll(async () => (await controller.program.identity.Probe({})).ready?.value, { timeout: 5_000 })
      .toBe(true);
    expect(await controller.program.stop()).toBe(0);
  });

  it('stops in order while it waits', async () => {
    await using api = await startFakeApi();
    api.isAllowed = () => false;
    await using controller = await startController(api);
    await expect
      .poll(async () => await controller.get('/readyz').catch(String), { timeout: 20_000 })
      .toContain('get secrets');

    expect(await controller.program.stop()).toBe(0);
  });
});
