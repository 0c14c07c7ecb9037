import { describe, expect, test } from 'vitest';
import { followLogs } from './support/follow-logs.ts';
import { findLostRecords, JOURNAL } from './support/journal.ts';
import { apply, runInPod, waitFor } from './support/kubectl.ts';
import { toClaim, toPod } from './support/manifests.ts';
import { createNamespace } from './support/namespace.ts';
import { bootNode, cutPower, UML_NODE } from './support/nodes.ts';
import { waitForDriver } from './support/release.ts';
import { isLeftOut } from './support/time-limit.ts';

const LAYOUTS = ['directory', 'image'] as const;

describe.skipIf(isLeftOut())('a node whose power is cut in the middle of writes', () => {
  test('has its pods and volumes back after a boot, with everything that was fsynced', async () => {
    await using namespace = await createNamespace('power-cut');
    for (const layout of LAYOUTS) {
      await apply(
        namespace.name,
        toClaim(layout, { size: '512Mi', storageClass: `test-${layout}` }),
        toPod(layout, { claim: layout, node: UML_NODE, script: JOURNAL }),
      );
    }
    for (const layout of LAYOUTS) await waitFor(namespace.name, `pod/${layout}`, 'condition=Ready');
    await using directory = followLogs(namespace.name, 'directory');
    await using image = followLogs(namespace.name, 'image');
    await Promise.all([directory.more(20), image.more(20)]);

    await cutPower(UML_NODE);
    const printed = { directory: [...directory.lines], image: [...image.lines] };
    await bootNode(UML_NODE);

    for (const layout of LAYOUTS) {
      // The status of before the cut stays until the kubelet has looked.
      await waitFor(
        namespace.name,
        `pod/${layout}`,
        'jsonpath={.status.containerStatuses[0].restartCount}=1',
      );
      await waitFor(namespace.name, `pod/${layout}`, 'condition=Ready');
      expect(printed[layout].length).toBeGreaterThanOrEqual(20);
      expect(await findLostRecords(namespace.name, layout, printed[layout])).toEqual([]);
    }
    await waitForDriver();
  });

  test('serves new claims afterwards', async () => {
    await using namespace = await createNamespace('after-power-cut');
    await apply(
      namespace.name,
      toClaim('new', { size: '64Mi' }),
      toPod('new', { claim: 'new', node: UML_NODE }),
    );

    await waitFor(namespace.name, 'pod/new', 'condition=Ready');

    expect(await runInPod(namespace.name, 'new', 'echo hello >/data/file; cat /data/file')).toBe('hello\n');
  });
});
