import * as z from 'zod';
import type { ApiClient } from './client.ts';
import { PERSISTENT_VOLUMES } from './kinds.ts';
import { ApiResource, ObjectMeta } from './resource.ts';

const PersistentVolume = z.object({
  metadata: ObjectMeta,
  spec: z.object({
    csi: z.object({ driver: z.string(), volumeHandle: z.string() }).optional(),
  }),
});

/** The CSI volume id of every PersistentVolume of a driver at one moment, those that are being deleted too. */
export async function listVolumeHandles(
  client: ApiClient,
  driverName: string,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const resource = new ApiResource(client, PERSISTENT_VOLUMES, { schema: PersistentVolume });
  const { items } = await resource.list({}, signal);
  return new Set(
    items.flatMap(({ spec: { csi } }) => (csi?.driver === driverName ? [csi.volumeHandle] : [])),
  );
}
