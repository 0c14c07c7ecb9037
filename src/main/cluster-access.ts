import { systemClock } from '../base/clock.ts';
import { DriverError } from '../domain/errors.ts';
import type { ApiAccess } from '../k8s/access.ts';
import type { ClusterEnvironment } from './config.ts';

/**
 * Access to the API of Kubernetes: of KUBECONFIG where that is set, else of the cluster whose pod this is. Throws INVALID_ARGUMENT when
 * there is none.
 */
export async function openClusterAccess({
  KUBERNETES_SERVICE_HOST: host,
  KUBERNETES_SERVICE_PORT: port,
  KUBECONFIG: kubeconfig,
}: ClusterEnvironment): Promise<ApiAccess> {
  if (kubeconfig !== undefined) {
    const { createKubeconfigAccess } = await import('../k8s/kubeconfig.ts');
    return await createKubeconfigAccess(kubeconfig);
  }
  if (host === undefined || port === undefined) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      'The configuration needs Kubernetes, and this is not a pod of it: run the command in a controller (kubectl exec), or set KUBECONFIG.',
    );
  }
  const { createInClusterAccess } = await import('../k8s/in-cluster.ts');
  return createInClusterAccess({ host, port, clock: systemClock });
}
