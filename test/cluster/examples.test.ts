import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectl, runInPod, tryInPod, waitFor } from './support/kubectl.ts';
import { createNamespace } from './support/namespace.ts';
import { MACHINE_NODE, OTHER_MACHINE_NODE, UML_NODE } from './support/nodes.ts';
import { isLeftOut } from './support/time-limit.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../examples');

describe.skipIf(isLeftOut())('the manifests in examples/', { concurrent: true }, () => {
  // Nodes of one kind: what a quota limits here is an image there, and is not restored as the other.
  beforeAll(() => kubectl(['cordon', UML_NODE]));
  afterAll(() => kubectl(['uncordon', UML_NODE]));

  test('are all tried here', async () => {
    const files = await readdir(EXAMPLES, { recursive: true });
    // Those of nfs/ want an export, which this cluster does not have.
    const own = files.filter((file) => file.endsWith('.yaml') && !file.startsWith('nfs/'));

    expect(own.sort()).toEqual([
      'clone/1-volume.yaml',
      'clone/2-clone.yaml',
      'ephemeral.yaml',
      'expansion/1-claim.yaml',
      'expansion/2-larger.yaml',
      'pod-with-claim.yaml',
      'raw-block.yaml',
      'snapshot/1-volume.yaml',
      'snapshot/2-snapshot.yaml',
      'snapshot/3-restore.yaml',
      'statefulset.yaml',
      'storageclass.yaml',
    ]);
  });

  test('pod-with-claim: data outlives the pod, and the size is a limit', async () => {
    await using namespace = await createNamespace('example-pod');
    await applyExample(namespace.name, 'pod-with-claim.yaml');
    await waitFor(namespace.name, 'pod/example-pod', 'condition=Ready');
    const greeting = await runInPod(namespace.name, 'example-pod', 'cat /data/greeting');

    await kubectl(['delete', 'pod', 'example-pod', '--namespace', namespace.name]);
    await applyExample(namespace.name, 'pod-with-claim.yaml');
    await waitFor(namespace.name, 'pod/example-pod', 'condition=Ready');

    expect(greeting).toContain('written by example-pod');
    expect(await runInPod(namespace.name, 'example-pod', 'cat /data/greeting')).toBe(greeting);
    const filled = await tryInPod(
      namespace.name,
      'example-pod',
      'dd if=/dev/zero of=/data/full bs=1M count=300 2>&1',
    );
    expect(filled.stdout).toContain('No space left on device');
  });

  test('storageclass: a volume of a class of its own, with xfs', async () => {
    await using namespace = await createNamespace('example-class');
    await applyExample(namespace.name, 'storageclass.yaml');
    await waitFor(namespace.name, 'pod/example-isolated', 'condition=Ready');

    expect(await runInPod(namespace.name, 'example-isolated', 'grep " /data " /proc/mounts')).toContain(
      ' xfs ',
    );
  });

  test('statefulset: every pod has a volume, and comes back to it', async () => {
    await using namespace = await createNamespace('example-set');
    await applyExample(namespace.name, 'statefulset.yaml');
    const pods = ['example-set-0', 'example-set-1'];
    for (const pod of pods) await waitFor(namespace.name, `pod/${pod}`, 'jsonpath={.status.phase}=Running');

    await kubectl(['delete', 'pod', ...pods, '--namespace', namespace.name]);
    await kubectl([
      'rollout',
      'status',
      'statefulset/example-set',
      '--timeout=120s',
      '--namespace',
      namespace.name,
    ]);

    for (const pod of pods) {
      expect(await runInPod(namespace.name, pod, 'cat /data/starts')).toBe(`${pod}\n${pod}\n`);
    }
  });

  test('snapshot: what was in it is in the restored volume', async () => {
    await using namespace = await createNamespace('example-snapshot');
    await applyExample(namespace.name, 'snapshot/1-volume.yaml');
    await waitFor(namespace.name, 'pod/example-source', 'condition=Ready');
    await applyExample(namespace.name, 'snapshot/2-snapshot.yaml');
    await waitFor(namespace.name, 'volumesnapshot/example-snapshot', 'jsonpath={.status.readyToUse}=true');
    await applyExample(namespace.name, 'snapshot/3-restore.yaml');
    await waitFor(namespace.name, 'pod/example-restored', 'condition=Ready');

    const restored = await runInPod(namespace.name, 'example-restored', 'cat /data/greeting');
    expect(restored).toBe('written by example-source\n');
    const mib = Number(
      await runInPod(namespace.name, 'example-restored', "df -m /data | awk 'NR == 2 { print $2 }'"),
    );
    expect(mib).toBeGreaterThan(400);
  });

  test('clone: what was in the original is in the copy', async () => {
    await using namespace = await createNamespace('example-clone');
    await applyExample(namespace.name, 'clone/1-volume.yaml');
    await waitFor(namespace.name, 'pod/example-original', 'condition=Ready');
    await applyExample(namespace.name, 'clone/2-clone.yaml');
    await waitFor(namespace.name, 'pod/example-copy', 'condition=Ready');

    await runInPod(namespace.name, 'example-copy', 'echo other >/data/greeting');

    expect(await runInPod(namespace.name, 'example-original', 'cat /data/greeting')).toBe(
      'written by example-original\n',
    );
  });

  test('raw-block: the device is there to its last byte', async () => {
    await using namespace = await createNamespace('example-device');
    await applyExample(namespace.name, 'raw-block.yaml');
    await waitFor(namespace.name, 'pod/example-device', 'condition=Ready');

    const bytes = await runInPod(namespace.name, 'example-device', 'blockdev --getsize64 /dev/data');
    expect(Number(bytes)).toBe(128 * 2 ** 20);
  });

  test('ephemeral: the volume goes with its pod', async () => {
    await using namespace = await createNamespace('example-ephemeral');
    await applyExample(namespace.name, 'ephemeral.yaml');
    await waitFor(namespace.name, 'pod/example-ephemeral', 'condition=Ready');

    await kubectl(['delete', 'pod', 'example-ephemeral', '--namespace', namespace.name]);

    await waitFor(namespace.name, 'pvc/example-ephemeral-scratch', 'delete');
    expect(await kubectl(['get', 'pvc', '--namespace', namespace.name, '--output', 'name'])).toBe('');
  });
});

describe.skipIf(isLeftOut())('the manifests in examples/expansion', () => {
  // A mounted ext4 grows only where the kernel gives CAP_SYS_RESOURCE: on the User-mode Linux, in any case.
  beforeAll(() => kubectl(['cordon', MACHINE_NODE, OTHER_MACHINE_NODE]));
  afterAll(() => kubectl(['uncordon', MACHINE_NODE, OTHER_MACHINE_NODE]));

  test('expansion: the volume grows while its pod uses it', async () => {
    await using namespace = await createNamespace('example-growing');
    await applyExample(namespace.name, 'expansion/1-claim.yaml');
    await waitFor(namespace.name, 'pod/example-growing', 'condition=Ready');

    await applyExample(namespace.name, 'expansion/2-larger.yaml');
    await waitFor(namespace.name, 'pvc/example-growing', 'jsonpath={.status.capacity.storage}=512Mi');

    const { exitCode } = await tryInPod(
      namespace.name,
      'example-growing',
      'dd if=/dev/zero of=/data/file bs=1M count=400 2>&1',
    );
    expect(exitCode).toBe(0);
  });
});

async function applyExample(namespace: string, file: string): Promise<void> {
  await kubectl(['apply', '--namespace', namespace, '--filename', join(EXAMPLES, file)]);
}
