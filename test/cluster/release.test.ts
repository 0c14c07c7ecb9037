import { describe, expect, test } from 'vitest';
import { followLogs } from './support/follow-logs.ts';
import { findLostRecords, JOURNAL } from './support/journal.ts';
import { apply, kubectl, runInPod, waitFor } from './support/kubectl.ts';
import { toClaim, toPod } from './support/manifests.ts';
import { createNamespace } from './support/namespace.ts';
import { MACHINE_NODE } from './support/nodes.ts';
import { installDriver, uninstallDriver, waitForDriver } from './support/release.ts';
import { isLeftOut } from './support/time-limit.ts';

describe.skipIf(isLeftOut())('a Helm release', () => {
  test('is upgraded while pods write', async () => {
    await using namespace = await createNamespace('upgrade');
    await apply(
      namespace.name,
      toClaim('data', { size: '256Mi' }),
      toPod('writer', { claim: 'data', node: MACHINE_NODE, script: JOURNAL }),
    );
    await waitFor(namespace.name, 'pod/writer', 'condition=Ready');
    await using logs = followLogs(namespace.name, 'writer');
    await logs.more(1);

    await installDriver(['log.level=debug']);
    await waitForDriver();

    await logs.more(10);
    expect(await findLostRecords(namespace.name, 'writer', logs.lines)).toEqual([]);
    expect(await kubectl(['get', 'configmaps', '--all-namespaces', '--output', 'yaml'])).toContain(
      'level: debug',
    );
    await installDriver();
  });

  test('that is removed and installed again finds its pools and volumes', async () => {
    await using namespace = await createNamespace('reinstall');
    await apply(
      namespace.name,
      toClaim('used', { size: '64Mi' }),
      toPod('used', { claim: 'used', node: MACHINE_NODE }),
      toClaim('leaving', { size: '64Mi' }),
      toPod('leaving', { claim: 'leaving', node: MACHINE_NODE }),
    );
    for (const name of ['used', 'leaving']) {
      await waitFor(namespace.name, `pod/${name}`, 'condition=Ready');
      await runInPod(namespace.name, name, `echo ${name} >/data/file`);
    }
    const pools = await listPools();
    expect(pools.length).toBeGreaterThan(0);

    await uninstallDriver();
    // The running pod has its data; the other one cannot leave before the driver is back.
    expect(await runInPod(namespace.name, 'used', 'cat /data/file')).toBe('used\n');
    await kubectl(['delete', 'pod', 'leaving', '--wait=false', '--namespace', namespace.name]);
    await installDriver();

    expect(await listPools()).toEqual(pools);
    await waitFor(namespace.name, 'pod/leaving', 'delete');
    await apply(namespace.name, toPod('again', { claim: 'leaving', node: MACHINE_NODE }));
    await waitFor(namespace.name, 'pod/again', 'condition=Ready');
    expect(await runInPod(namespace.name, 'again', 'cat /data/file')).toBe('leaving\n');
  });
});

/** Names, which are the pool ids, of what `kubectl get pools` shows. */
async function listPools(): Promise<readonly string[]> {
  const names = await kubectl(['get', 'pools.stowage.dev', '--output', 'name']);
  return names.split('\n').filter((name) => name !== '');
}
