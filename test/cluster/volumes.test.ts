import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readManifest } from '../support/how-to.ts';
import { apply, getObject, kubectl, runInPod, tryInPod, waitFor } from './support/kubectl.ts';
import { toClaim, toPod, toSnapshot } from './support/manifests.ts';
import { createNamespace } from './support/namespace.ts';
import { MACHINE_NODE, OTHER_MACHINE_NODE, UML_NODE } from './support/nodes.ts';
import { isLeftOut } from './support/time-limit.ts';

const FILL = 'dd if=/dev/zero of=/data/full bs=1M 2>&1';
const FREE_MIB = "df -m /data | awk 'NR == 2 { print $2 }'";
const CHECKSUM = "find /data -type f ! -path '*/lost+found*' -exec sha256sum {} + | sort -k 2";

const Claim = z.object({ spec: z.object({ volumeName: z.string() }) });
const Volume = z.object({ spec: z.object({ csi: z.object({ volumeHandle: z.string() }) }) });

describe.skipIf(isLeftOut())('volumes of a cluster', { concurrent: true }, () => {
  test.for([
    { layout: 'directory', node: UML_NODE, why: 'xfs with project quotas' },
    { layout: 'image', node: UML_NODE, why: 'ext4 in an image' },
    { layout: 'image', node: MACHINE_NODE, why: 'ext4 in an image' },
  ])('a $layout on $node ($why) takes no more than its size', async ({ layout, node }) => {
    await using namespace = await createNamespace('size');
    const claim = toClaim('data', { size: '64Mi', storageClass: `test-${layout}` });
    await apply(namespace.name, claim, toPod('writer', { claim: 'data', node }));
    await waitFor(namespace.name, 'pod/writer', 'condition=Ready');

    const { exitCode, stdout } = await tryInPod(namespace.name, 'writer', FILL);

    expect(stdout).toContain('No space left on device');
    expect(exitCode).not.toBe(0);
    const used = Number(await runInPod(namespace.name, 'writer', 'du -sm /data | cut -f 1'));
    expect(used).toBeGreaterThan(32);
    expect(used).toBeLessThanOrEqual(64);
  });

  test.for([
    { layout: 'directory', node: UML_NODE },
    { layout: 'image', node: UML_NODE },
    { layout: 'image-xfs', node: MACHINE_NODE },
  ])('a $layout on $node grows while it is in use', async ({ layout, node }) => {
    await using namespace = await createNamespace('growth');
    const claim = toClaim('data', { size: '400Mi', storageClass: `test-${layout}` });
    await apply(namespace.name, claim, toPod('user', { claim: 'data', node }));
    await waitFor(namespace.name, 'pod/user', 'condition=Ready');
    const before = Number(await runInPod(namespace.name, 'user', FREE_MIB));

    const larger = JSON.stringify({ spec: { resources: { requests: { storage: '800Mi' } } } });
    await kubectl(['patch', 'pvc', 'data', '--namespace', namespace.name, '--patch', larger]);
    await waitFor(namespace.name, 'pvc/data', 'jsonpath={.status.capacity.storage}=800Mi');

    const after = Number(await runInPod(namespace.name, 'user', FREE_MIB));
    expect(after - before).toBeGreaterThan(350);
    await runInPod(namespace.name, 'user', 'dd if=/dev/zero of=/data/file bs=1M count=500 2>&1');
  });

  test.for([
    { layout: 'image', from: MACHINE_NODE, to: OTHER_MACHINE_NODE },
    { layout: 'image', from: MACHINE_NODE, to: UML_NODE },
    { layout: 'image', from: UML_NODE, to: MACHINE_NODE },
  ])('a snapshot of $from is restored on $to, with equal content', async ({ layout, from, to }) => {
    await using namespace = await createNamespace('restore');
    await apply(
      namespace.name,
      toClaim('source', { size: '128Mi', storageClass: `test-${layout}` }),
      toPod('source', { claim: 'source', node: from }),
    );
    await waitFor(namespace.name, 'pod/source', 'condition=Ready');
    await runInPod(
      namespace.name,
      'source',
      'mkdir /data/deep; for i in 1 2 3; do head -c 5000000 /dev/urandom >/data/deep/$i; done; sync',
    );
    const content = await runInPod(namespace.name, 'source', CHECKSUM);

    await apply(namespace.name, toSnapshot('cut', 'source'));
    await waitFor(namespace.name, 'volumesnapshot/cut', 'jsonpath={.status.readyToUse}=true');
    await runInPod(namespace.name, 'source', 'echo later >/data/later');
    await apply(
      namespace.name,
      toClaim('restored', {
        size: '128Mi',
        storageClass: `test-${layout}`,
        from: { kind: 'VolumeSnapshot', name: 'cut' },
      }),
      toPod('restored', { claim: 'restored', node: to }),
    );
    await waitFor(namespace.name, 'pod/restored', 'condition=Ready', 240);

    expect(content.split('\n').length).toBeGreaterThan(3);
    expect(await runInPod(namespace.name, 'restored', CHECKSUM)).toBe(content);
  });

  test('a volume that no PersistentVolume names is deleted by the manifest of the how-to', async () => {
    await using namespace = await createNamespace('unknown');
    await apply(
      namespace.name,
      toClaim('data', { size: '64Mi' }),
      toPod('user', { claim: 'data', node: MACHINE_NODE }),
    );
    await waitFor(namespace.name, 'pod/user', 'condition=Ready');
    const { spec: claim } = await getObject(namespace.name, ['pvc', 'data'], Claim);
    const volume = ['pv', claim.volumeName];
    const { spec } = await getObject(namespace.name, volume, Volume);
    await kubectl(['patch', ...volume, '--patch', '{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}']);
    await kubectl(['delete', 'pod/user', 'pvc/data', '--namespace', namespace.name]);
    await kubectl(['delete', ...volume]);

    const manifest = await readManifest('delete-a-volume-that-nobody-knows');
    const input = manifest.replace('VOLUME-ID', spec.csi.volumeHandle);
    await kubectl(['apply', '--filename', '-'], { input });

    // Nobody but csi-provisioner deletes it, and only once the volume is.
    await waitFor(namespace.name, 'pv/unknown-volume', 'delete');
    expect(await kubectl(['get', 'pv', '--output', 'name'])).not.toContain('unknown-volume');
  });
});
