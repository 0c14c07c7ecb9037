import { resolve } from 'node:path';
import { z } from 'zod';
import { getObject, kubectl } from './kubectl.ts';
import { MACHINE_NODE, runOnNode } from './nodes.ts';

/** Namespace and name of the Helm release. */
const RELEASE_NAMESPACE = 'stowage-system';
const RELEASE = 'stowage';
const CHART = resolve(import.meta.dirname, '../../../charts/stowage');
const VALUES = resolve(import.meta.dirname, '../values.yaml');
const READY_WITHIN = '300s';

/** One pod of the driver. */
export interface DriverPod {
  readonly name: string;
  readonly node: string;
  readonly component: 'controller' | 'node';
  /** Of all its containers. */
  readonly restarts: number;
}

const Pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()) }),
      spec: z.object({ nodeName: z.string() }),
      status: z.object({
        containerStatuses: z.array(z.object({ restartCount: z.number() })).default([]),
      }),
    }),
  ),
});

/** Installs the chart of this checkout, or upgrades to it, and waits until all its pods are ready. `settings` are `KEY=VALUE` of helm. */
export async function installDriver(settings: readonly string[] = []): Promise<void> {
  await helm([
    'upgrade',
    RELEASE,
    CHART,
    '--install',
    '--create-namespace',
    `--values=${VALUES}`,
    '--wait',
    `--timeout=${READY_WITHIN}`,
    ...settings.flatMap((setting) => ['--set', setting]),
  ]);
  // helm takes a DaemonSet for ready while some of its pods may still be missing.
  await waitForDriver();
}

/** Removes the release and waits until its pods are gone. */
export async function uninstallDriver(): Promise<void> {
  await helm(['uninstall', RELEASE, '--wait', '--timeout', READY_WITHIN]);
  await kubectl(
    ['wait', '--namespace', RELEASE_NAMESPACE, '--for=delete', 'pod', '--all', '--timeout=120s'],
    { deadlineMs: 150_000 },
  );
}

/** The pods of the driver. */
export async function listDriverPods(): Promise<readonly DriverPod[]> {
  const { items } = await getObject(RELEASE_NAMESPACE, ['pods'], Pods);
  return items.map((pod) => ({
    name: pod.metadata.name,
    node: pod.spec.nodeName,
    component: pod.metadata.labels['app.kubernetes.io/component'] === 'node' ? 'node' : 'controller',
    restarts: pod.status.containerStatuses.reduce((sum, container) => sum + container.restartCount, 0),
  }));
}

/** Deletes all pods of the driver, if there are any: others take their place. */
export async function deleteDriverPods(): Promise<void> {
  await kubectl(['delete', 'pod', '--all', '--namespace', RELEASE_NAMESPACE]);
}

/** Waits until every pod that the driver should have is ready. */
export async function waitForDriver(): Promise<void> {
  for (const what of [`daemonset/${RELEASE}-node`, `statefulset/${RELEASE}-controller`]) {
    await kubectl(['rollout', 'status', '--namespace', RELEASE_NAMESPACE, '--timeout', READY_WITHIN, what], {
      deadlineMs: 330_000,
    });
  }
}

async function helm(args: readonly string[]): Promise<void> {
  await runOnNode(MACHINE_NODE, ['helm', '--namespace', RELEASE_NAMESPACE, ...args], {
    deadlineMs: 360_000,
    environment: { HELM_CACHE_HOME: '/run/helm', HELM_CONFIG_HOME: '/run/helm', HELM_DATA_HOME: '/run/helm' },
  });
}
