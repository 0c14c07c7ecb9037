import * as z from 'zod';
import type { ApiClient } from './client.ts';
import { PERSISTENT_VOLUMES } from './kinds.ts';
import { ApiResource, ObjectMeta } from './resource.ts';

const PersistentVolume = z.object({
  metadata: ObjectMeta,
  spec: z.object({
    csi: z.object({ driver: z.string(), volumeHandle: z.string() }).optional(),
    claimRef: z.object({ namespace: z.string().optional(), name: z.string().optional() }).optional(),
  }),
  status: z.object({ phase: z.string().optional() }).optional(),
});

/** A volume as the cluster knows it. */
export interface DriverVolume {
  /** Of the PersistentVolume. */
  readonly name: string;
  /** The CSI volume id. */
  readonly volumeHandle: string;
  /** `Bound`, `Released` … */
  readonly phase: string | undefined;
  /** `namespace/name` of its claim. */
  readonly claim: string | undefined;
}

/** Every PersistentVolume of a driver at one moment, those that are being deleted too. */
export async function listDriverVolumes(
  client: ApiClient,
  driverName: string,
  signal: AbortSignal,
): Promise<readonly DriverVolume[]> {
  const resource = new ApiResource(client, PERSISTENT_VOLUMES, { schema: PersistentVolume });
  const { items } = await resource.list({}, signal);
  return items.flatMap(({ metadata, spec, status }) => {
    if (spec.csi?.driver !== driverName) return [];
    const { namespace, name } = spec.claimRef ?? {};
    const claim = name === undefined ? undefined : `${namespace ?? ''}/${name}`;
    return [{ name: metadata.name, volumeHandle: spec.csi.volumeHandle, phase: status?.phase, claim }];
  });
}
