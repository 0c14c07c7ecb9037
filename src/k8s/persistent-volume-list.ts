import * as z from 'zod';
import { DriverError } from '../domain/errors.ts';
import type { ApiClient } from './client.ts';
import { PERSISTENT_VOLUMES } from './kinds.ts';
import { ApiResource, ObjectMeta } from './resource.ts';

/** A PersistentVolume, as far as another one can take its place. */
export const PersistentVolume = z.object({
  metadata: ObjectMeta,
  spec: z.object({
    capacity: z.object({ storage: z.string().optional() }).default({}),
    accessModes: z.array(z.string()).default([]),
    claimRef: z.object({ namespace: z.string(), name: z.string() }).optional(),
    persistentVolumeReclaimPolicy: z.string().default('Retain'),
    storageClassName: z.string().optional(),
    mountOptions: z.array(z.string()).default([]),
    csi: z
      .object({
        driver: z.string(),
        volumeHandle: z.string(),
        volumeAttributes: z.record(z.string(), z.string()).default({}),
      })
      .optional(),
    nfs: z.object({ server: z.string(), path: z.string() }).optional(),
  }),
});
export type PersistentVolume = Readonly<z.infer<typeof PersistentVolume>>;

/** Every PersistentVolume of a cluster at one moment. */
export async function listPersistentVolumes(
  client: ApiClient,
  signal: AbortSignal,
): Promise<readonly PersistentVolume[]> {
  const resource = new ApiResource(client, PERSISTENT_VOLUMES, { schema: PersistentVolume });
  return (await resource.list({}, signal)).items;
}

const Typed = z.object({ kind: z.string() });
const List = z.object({ items: z.array(z.unknown()) });

/** What `kubectl get pv -o json` printed: the PersistentVolumes of a list, or the one. `subject` names it in errors. Throws INVALID_ARGUMENT. */
export function parsePersistentVolumes(text: string, subject: string): readonly PersistentVolume[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      `${subject} is no JSON: make it with "kubectl get pv -o json".`,
      {
        cause,
      },
    );
  }
  const list = List.safeParse(json);
  const items = list.success ? list.data.items : [json];
  const volumes = items.filter((item) => Typed.safeParse(item).data?.kind === 'PersistentVolume');
  if (volumes.length < items.length) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      `${subject} has other objects than PersistentVolumes: make it with "kubectl get pv -o json".`,
    );
  }
  return volumes.map((volume) => parseOne(volume, subject));
}

function parseOne(volume: unknown, subject: string): PersistentVolume {
  const parsed = PersistentVolume.safeParse(volume);
  if (parsed.success) return parsed.data;
  throw new DriverError(
    'INVALID_ARGUMENT',
    `${subject} has a PersistentVolume that is not as it should be: ${z.prettifyError(parsed.error)}`,
    { cause: parsed.error },
  );
}
