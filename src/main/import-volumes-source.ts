import { readFile } from 'node:fs/promises';
import { DriverError } from '../domain/errors.ts';
import {
  listPersistentVolumes,
  parsePersistentVolumes,
  type PersistentVolume,
} from '../k8s/persistent-volume-list.ts';
import { openClusterAccess } from './cluster-access.ts';
import type { ClusterEnvironment } from './config.ts';

/** Bound on asking a cluster. */
const DEADLINE_MS = 60_000;

/** The PersistentVolumes of a file, or of the cluster. Throws INVALID_ARGUMENT when there is neither. */
export async function readPersistentVolumes(
  file: string | undefined,
  environment: ClusterEnvironment,
  signal: AbortSignal,
): Promise<readonly PersistentVolume[]> {
  if (file !== undefined) return parsePersistentVolumes(await readText(file), file);
  if (environment.KUBECONFIG === undefined && environment.KUBERNETES_SERVICE_HOST === undefined) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      'Nobody says which PersistentVolumes there are: name a file that "kubectl get pv -o json" made with --pvs, or set KUBECONFIG.',
    );
  }
  const { ApiClient } = await import('../k8s/client.ts');
  using client = new ApiClient({ access: await openClusterAccess(environment) });
  return await listPersistentVolumes(client, AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]));
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DriverError('INVALID_ARGUMENT', `${file} cannot be read (${why}).`, { cause });
  }
}
