import { describe, expect, it } from 'vitest';
import type { FakeApiServer, SeenRequest } from '../support/fake-api-server.ts';
import { startFakeApi } from '../support/fake-api-server.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { formatObjectId } from '../../src/domain/ids.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import type { PoolRegistry } from '../../src/pools/registry.ts';
import { createResourceRegistry } from '../../src/pools/resource-registry.ts';
import { openCertificateAuthority } from '../../src/k8s/certificate-authority.ts';
import { createEventRecorder } from '../../src/k8s/events.ts';
import { createKubernetesLease } from '../../src/k8s/lease.ts';
import { getClusterId } from '../../src/k8s/namespace-uid.ts';
import type { Permission } from '../../src/k8s/permissions.ts';
import { PERMISSIONS } from '../../src/k8s/permissions.ts';
import { listVolumeHandles } from '../../src/k8s/persistent-volumes.ts';
import { createPodDiscovery } from '../../src/k8s/pod-discovery.ts';
import { createSecrets } from '../../src/k8s/secrets.ts';

const never = new AbortController().signal;
const NAMESPACE = 'storage';

/** What the configuration calls the objects in this test. */
const NAMES: Readonly<Record<string, string>> = {
  'tls.kubernetes.caSecret': 'stowage-ca',
  'tls.kubernetes.agentSecret': 'stowage-agent-tls',
  'controller.lease.name': 'stowage-controller',
  'kube-system': 'kube-system',
};

function isPermitted(request: SeenRequest): boolean {
  // Every authenticated user may ask which kinds there are.
  return request.plural === '' || PERMISSIONS.some((permission) => isFor(request, permission));
}

function isFor(request: SeenRequest, { kind, verbs, scope, names }: Permission): boolean {
  if (kind.group !== request.group || kind.plural !== request.plural) return false;
  if (scope === 'namespace' && request.namespace !== NAMESPACE) return false;
  const isNamed = names === undefined || names.some((name) => NAMES[name] === request.name);
  return isNamed && verbs.some((verb) => verb === request.verb);
}

/** Everything that a controller does with the Kubernetes API. */
async function useEverything(api: FakeApiServer): Promise<void> {
  using client = api.createClient();
  const clock = new FakeClock();
  const options = { client, clock, logger: silentLogger };
  const stop = new AbortController();

  await getClusterId(client, never);
  const authority = await openCertificateAuthority(
    {
      ...options,
      secrets: createSecrets(client, NAMESPACE),
      caSecret: 'stowage-ca',
      agentSecret: 'stowage-agent-tls',
      agentName: 'agent.stowage.internal',
      controllerName: 'controller.stowage.internal',
    },
    never,
  );
  clock.advance(61 * 86_400_000);
  await authority.refresh(never);

  const discovery = createPodDiscovery({
    ...options,
    namespace: NAMESPACE,
    selector: 'app=node',
    port: 9810,
  });
  const following = discovery.run(stop.signal);
  const lease = createKubernetesLease({
    ...options,
    namespace: NAMESPACE,
    name: 'stowage-controller',
    identity: 'one',
  });
  await lease.holdWhile(async () => undefined, never);

  await useRegistry(createResourceRegistry({ client, clock }));
  await listVolumeHandles(client, 'hostpath.stowage.dev', never);
  await client.hasGroupVersion('snapshot.storage.k8s.io', 'v1', never);

  const recorder = createEventRecorder({ ...options, component: 'hostpath.stowage.dev', signal: never });
  const about = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: 'apps', name: 'data' };
  recorder.record({ about, type: 'Normal', reason: 'Moved', message: 'It is elsewhere now.' });
  clock.advance(60_000);
  recorder.record({ about, type: 'Normal', reason: 'Moved', message: 'It is elsewhere now.' });
  await recorder.flush();

  while (api.watchCount === 0) await new Promise(setImmediate);
  stop.abort();
  await following;
}

async function useRegistry(registry: PoolRegistry): Promise<void> {
  const key = { driver: 'hostpath.stowage.dev', poolName: 'ssd', nodeName: 'node-a' };
  const poolId = 'abcdefgh';
  const onNodeLoss = { action: 'keep' } as const;
  await registry.record({ ...key, poolId, onNodeLoss, condition: 'open', room: undefined }, never);
  await registry.find(key, never);
  await registry.noteSilence(poolId, never);
  await registry.release({ poolId, by: 'operator' }, never);
  const objectId = formatObjectId({
    kind: 'volume',
    poolId,
    hash: 'a'.repeat(26),
    generation: 'b'.repeat(8),
  });
  await registry.bury({ poolId, objectId }, never);
  await registry.listTombstones(poolId, never);
  await registry.removeTombstone({ poolId, objectId }, never);
}

function show({ verb, group, plural, namespace, name }: SeenRequest): string {
  return [verb, group === '' ? plural : `${plural}.${group}`, namespace ?? '-', name ?? '-'].join(' ');
}

describe('what the controller may do in Kubernetes', () => {
  it('is all that it does, and it does all of it', async () => {
    await using api = await startFakeApi();
    api.store.create('/api/v1/namespaces', { metadata: { name: 'kube-system' } });

    await useEverything(api);

    expect(api.requests.filter((request) => !isPermitted(request)).map(show)).toEqual([]);
    const unused = PERMISSIONS.flatMap((permission) =>
      permission.verbs
        .filter((verb) => !api.requests.some((request) => isFor(request, { ...permission, verbs: [verb] })))
        .map((verb) => `${verb} ${permission.kind.plural}`),
    );
    expect(unused).toEqual([]);
  });
});
