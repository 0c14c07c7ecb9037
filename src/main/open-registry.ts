import { systemClock } from '../base/clock.ts';
import type { PoolRegistry } from '../pools/registry.ts';
import { openClusterAccess } from './cluster-access.ts';
import type { ClusterEnvironment, Config } from './config.ts';
import { createStateRegistry } from './state-registry.ts';

/** A registry that was opened for a while. */
export interface OpenRegistry extends Disposable {
  readonly registry: PoolRegistry;
}

/**
 * The registry that a configuration names: files, also where there is no section for controllers, or custom resources. The Kubernetes API is
 * that of the pod's cluster, or of KUBECONFIG. Throws INVALID_ARGUMENT when there is none.
 */
export async function openRegistry(config: Config, environment: ClusterEnvironment): Promise<OpenRegistry> {
  if (config.controller?.registry.type === 'kubernetes') return await openResources(environment);
  return openLocalRegistry(config);
}

/** What this machine has noted below `stateDirectory`: on a node, of its own pools. */
export function openLocalRegistry(config: Config): OpenRegistry {
  return { registry: createStateRegistry(config), [Symbol.dispose]: () => undefined };
}

/** The client is loaded only when it is asked for: nodes have no use for it. */
async function openResources(environment: ClusterEnvironment): Promise<OpenRegistry> {
  const [{ ApiClient }, { createResourceRegistry }] = await Promise.all([
    import('../k8s/client.ts'),
    import('../pools/resource-registry.ts'),
  ]);
  const client = new ApiClient({ access: await openClusterAccess(environment) });
  return {
    registry: createResourceRegistry({ client, clock: systemClock }),
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}
