import * as z from 'zod';
import { DriverError } from '../domain/errors.ts';
import type { ApiClient } from './client.ts';
import { NAMESPACES } from './kinds.ts';
import { ApiResource, ObjectMeta } from './resource.ts';

/**
 * What tells this cluster from all others for as long as it lives: the UID of its namespace kube-system, which nobody can delete. Throws
 * KubernetesError, and PRECONDITION_FAILED when there is none.
 */
export async function getClusterId(client: ApiClient, signal: AbortSignal): Promise<string> {
  const namespaces = new ApiResource(client, NAMESPACES, { schema: z.object({ metadata: ObjectMeta }) });
  const uid = (await namespaces.find('kube-system', signal))?.metadata.uid ?? '';
  if (uid !== '') return uid;
  throw new DriverError(
    'PRECONDITION_FAILED',
    'The cluster has no namespace kube-system, whose UID tells it from others: set clusterId in the configuration.',
  );
}
