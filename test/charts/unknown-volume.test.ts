import { expect, it } from 'vitest';
import { z } from 'zod';
import { parseObjects, render } from '../support/helm.ts';
import { readManifest } from '../support/how-to.ts';

it("deletes a volume that nobody knows by a PersistentVolume that the chart's csi-provisioner takes for its own", async () => {
  const [volume, ...more] = parseObjects(await readManifest('delete-a-volume-that-nobody-knows'));
  const driver = (await render()).find(({ kind }) => kind === 'CSIDriver')?.metadata.name;

  expect(more).toEqual([]);
  expect(volume).toMatchObject({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    // isProvisionerForVolume of sig-storage-lib-external-provisioner.
    metadata: { annotations: { 'pv.kubernetes.io/provisioned-by': driver } },
    spec: {
      // shouldDelete of the same: released, and to be deleted. A claim with a uid that no claim has counts as gone.
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: '',
      csi: { driver, volumeHandle: 'VOLUME-ID' },
    },
  });
  expect(
    z.object({ spec: z.object({ claimRef: z.object({ uid: z.guid() }) }) }).safeParse(volume),
  ).toMatchObject({
    success: true,
  });
});
