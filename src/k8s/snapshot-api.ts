import type { Clock } from '../base/clock.ts';
import { isDriverError } from '../domain/errors.ts';
import type { Logger } from '../observability/logger.ts';
import type { ApiClient } from './client.ts';

const RETRY_MS = 30_000;

/**
 * Looks once whether the cluster can take snapshots, and says so in the log when it cannot: their kinds and their controller belong to the
 * cluster, not to a driver. Waits while the API is away; returns undefined when the signal aborts first.
 */
export async function noticeSnapshotApi(
  options: { readonly client: ApiClient; readonly clock: Clock; readonly logger: Logger },
  signal: AbortSignal,
): Promise<boolean | undefined> {
  const { client, clock, logger } = options;
  while (!signal.aborted) {
    try {
      const isThere = await client.hasGroupVersion('snapshot.storage.k8s.io', 'v1', signal);
      if (!isThere) {
        logger.warn(
          'This cluster has no snapshot.storage.k8s.io/v1, so nobody can ask for snapshots: install the CRDs and the controller of kubernetes-csi/external-snapshotter, once for each cluster',
        );
      }
      return isThere;
    } catch (error) {
      if (signal.aborted) return undefined;
      if (!isDriverError(error, 'CLUSTER_UNAVAILABLE')) throw error;
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
  return undefined;
}
