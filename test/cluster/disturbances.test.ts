import { describe, expect, test } from 'vitest';
import { followLogs } from './support/follow-logs.ts';
import { findLostRecords, JOURNAL } from './support/journal.ts';
import { apply, kubectl, runInPod, waitFor } from './support/kubectl.ts';
import { toClaim, toPod } from './support/manifests.ts';
import { createNamespace } from './support/namespace.ts';
import {
  killDaemon,
  MACHINE_NODE,
  OTHER_MACHINE_NODE,
  runOnNode,
  startDaemon,
  UML_NODE,
} from './support/nodes.ts';
import { deleteDriverPods, listDriverPods, waitForDriver } from './support/release.ts';
import { isLeftOut } from './support/time-limit.ts';

describe.skipIf(isLeftOut())('while parts of the driver and of the cluster die', () => {
  test.for([MACHINE_NODE, UML_NODE])('pods of %s go on when the node plugin is killed', async (node) => {
    await using namespace = await createNamespace('node-plugin');
    await apply(
      namespace.name,
      toClaim('data', { size: '256Mi' }),
      toPod('writer', { claim: 'data', node, script: JOURNAL }),
    );
    await waitFor(namespace.name, 'pod/writer', 'condition=Ready');
    await using logs = followLogs(namespace.name, 'writer');
    await logs.more(1);

    await runOnNode(node, ['pkill', '-KILL', '-f', '^node /usr/local/bin/stowage node']);
    await waitForDriver();

    await logs.more(10);
    expect(await findLostRecords(namespace.name, 'writer', logs.lines)).toEqual([]);
    await kubectl(['delete', 'pod', 'writer', '--namespace', namespace.name]);
    await apply(namespace.name, toPod('reader', { claim: 'data', node }));
    await waitFor(namespace.name, 'pod/reader', 'condition=Ready');
    expect(await findLostRecords(namespace.name, 'reader', logs.lines)).toEqual([]);
  });

  test('claims become volumes though controllers and sidecars are killed meanwhile', async () => {
    await using namespace = await createNamespace('controllers');
    const names = Array.from({ length: 6 }, (_, index) => `claim-${index}`);

    await apply(
      namespace.name,
      ...names.flatMap((name) => [toClaim(name, { size: '320Mi' }), toPod(name, { claim: name })]),
    );
    for (const node of [MACHINE_NODE, OTHER_MACHINE_NODE]) {
      // Whichever leads is on one of them; pkill fails where there is none.
      await runOnNode(node, [
        'sh',
        '-c',
        'pkill -KILL -x csi-provisioner; pkill -KILL -f "^node /usr/local/bin/stowage controller"; true',
      ]);
    }

    for (const name of names) await waitFor(namespace.name, `pod/${name}`, 'condition=Ready', 180);
    await waitForDriver();
    const phases = await kubectl([
      'get',
      'pvc',
      '--namespace',
      namespace.name,
      '--output',
      'jsonpath={.items[*].status.phase}',
    ]);
    expect(phases.split(' ')).toEqual(names.map(() => 'Bound'));
  });

  test('a kubelet that dies finds its pods and volumes when it is back', async () => {
    await using namespace = await createNamespace('kubelet');
    await apply(
      namespace.name,
      toClaim('old', { size: '64Mi' }),
      toPod('old', { claim: 'old', node: MACHINE_NODE }),
    );
    await waitFor(namespace.name, 'pod/old', 'condition=Ready');
    await runInPod(namespace.name, 'old', 'echo kept >/data/file');

    await killDaemon(MACHINE_NODE, 'kubelet');
    await apply(
      namespace.name,
      toClaim('new', { size: '64Mi' }),
      toPod('new', { claim: 'new', node: MACHINE_NODE }),
    );
    await kubectl(['delete', 'pod', 'old', '--wait=false', '--namespace', namespace.name]);
    await startDaemon(MACHINE_NODE, 'kubelet');

    await waitFor(namespace.name, 'pod/new', 'condition=Ready');
    await waitFor(namespace.name, 'pod/old', 'delete');
    await apply(namespace.name, toPod('again', { claim: 'old' }));
    await waitFor(namespace.name, 'pod/again', 'condition=Ready');
    expect(await runInPod(namespace.name, 'again', 'cat /data/file')).toBe('kept\n');
  });

  test('pods of the driver that are deleted all at once come back', async () => {
    const before = await listDriverPods();

    await deleteDriverPods();
    await waitForDriver();

    const after = await listDriverPods();
    expect(after.map((pod) => pod.component).sort()).toEqual(before.map((pod) => pod.component).sort());
  });
});
