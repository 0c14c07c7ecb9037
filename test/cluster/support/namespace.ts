import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { getObject, kubectl } from './kubectl.ts';

/** A namespace of one test. Disposing deletes all that is in it, and waits until its volumes are gone too. */
export interface Namespace extends AsyncDisposable {
  readonly name: string;
}

const Volumes = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({
        persistentVolumeReclaimPolicy: z.string(),
        claimRef: z.object({ namespace: z.string() }).optional(),
      }),
    }),
  ),
});
const GONE_WITHIN_SECONDS = 180;

/** Makes a namespace whose name begins with this word. */
export async function createNamespace(word: string): Promise<Namespace> {
  const name = `${word}-${randomBytes(3).toString('hex')}`;
  await kubectl(['create', 'namespace', name]);
  return {
    name,
    async [Symbol.asyncDispose]() {
      const volumes = await listVolumes(name);
      const wait = `--timeout=${GONE_WITHIN_SECONDS}s`;
      const options = { deadlineMs: (GONE_WITHIN_SECONDS + 30) * 1000 };
      await kubectl(['delete', 'namespace', name, wait], options);
      if (volumes.length > 0) await kubectl(['wait', '--for=delete', wait, ...volumes], options);
    },
  };
}

/** Those that go away with their claims. */
async function listVolumes(namespace: string): Promise<readonly string[]> {
  const { items } = await getObject('', ['persistentvolumes'], Volumes);
  return items
    .filter(
      ({ spec }) => spec.claimRef?.namespace === namespace && spec.persistentVolumeReclaimPolicy === 'Delete',
    )
    .map((volume) => `persistentvolume/${volume.metadata.name}`);
}
