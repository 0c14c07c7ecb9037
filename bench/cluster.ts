/**
 * `make bench-cluster`: how long a claim takes until it is Bound and its pod until it is Running, for one claim and for a hundred at once, beside
 * static hostPath volumes in the same cluster: what Kubernetes itself takes when there is nothing to do for a driver.
 */
import { cpus, release } from 'node:os';
import { setup } from '../test/cluster/global-setup.ts';
import { apply, kubectl, type Manifest } from '../test/cluster/support/kubectl.ts';
import { toClaim, toPod } from '../test/cluster/support/manifests.ts';
import { createNamespace } from '../test/cluster/support/namespace.ts';
import { MACHINE_NODE } from '../test/cluster/support/nodes.ts';
import { watchPhase } from './cluster/watch.ts';
import { type Samples, summarize } from './samples.ts';
import { formatTable, type Row, toTimeRow } from './table.ts';

const STATIC_CLASS = 'static-host-path';
const COUNTS = [1, 100] as const;
/** With one at a time, a median needs several. */
const ROUNDS_OF_ONE = 5;
const DEADLINE_MS = 600_000;
/** Times the floor. */
const BUDGET_RATIO = 2;

interface Measured {
  readonly bound: Samples;
  readonly running: Samples;
}

async function main(): Promise<number> {
  const stop = await setup();
  try {
    const rows: Row[] = [];
    for (const count of COUNTS) {
      console.error(`measuring ${count} at once …`);
      const usual = await measure('static', count);
      const ours = await measure('stowage', count);
      rows.push(toRow(`claim to Bound, ${count} at once`, ours.bound, usual.bound));
      rows.push(toRow(`pod to Running, ${count} at once`, ours.running, usual.running));
    }
    console.log(`Medians; ${cpus().length} cores, Linux ${release()}, all pods on one node\n`);
    console.log(formatTable(rows));
    return 0;
  } finally {
    await stop?.();
  }
}

function toRow(what: string, ours: Samples, usual: Samples): Row {
  const budgetMs = Math.round(usual.p50Ms * BUDGET_RATIO);
  return toTimeRow({ what, ours, usual: { samples: usual, how: 'static hostPath' }, budgetMs });
}

async function measure(kind: 'static' | 'stowage', count: number): Promise<Measured> {
  const bound: number[] = [];
  const running: number[] = [];
  for (let round = 0; round < (count === 1 ? ROUNDS_OF_ONE : 1); round += 1) {
    const names = Array.from({ length: count }, (_, index) => `bench-${index}`);
    await using _volumes = kind === 'static' ? await makeStaticVolumes(names) : undefined;
    await using namespace = await createNamespace(`bench-${kind}`);
    await using claims = watchPhase(namespace.name, 'pvc', 'Bound');
    await using pods = watchPhase(namespace.name, 'pods', 'Running');
    const options = { size: '16Mi', ...(kind === 'static' ? { storageClass: STATIC_CLASS } : {}) };
    const startedAt = performance.now();
    await apply(
      namespace.name,
      ...names.flatMap((name) => [toClaim(name, options), toPod(name, { claim: name, node: MACHINE_NODE })]),
    );
    const since = (at: number): number => at - startedAt;
    bound.push(...(await claims.waitFor(count, DEADLINE_MS)).map(since));
    running.push(...(await pods.waitFor(count, DEADLINE_MS)).map(since));
  }
  return { bound: summarize(bound), running: summarize(running) };
}

function toStaticClass(): Manifest {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: STATIC_CLASS },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
  };
}

/** Volumes that an administrator has made by hand. Disposing deletes them, which their claims have to be before. */
async function makeStaticVolumes(names: readonly string[]): Promise<AsyncDisposable> {
  await apply('default', toStaticClass(), ...names.map(toStaticVolume));
  return {
    async [Symbol.asyncDispose]() {
      await kubectl(['delete', 'persistentvolume', ...names]);
    },
  };
}

function toStaticVolume(name: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '16Mi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: STATIC_CLASS,
      persistentVolumeReclaimPolicy: 'Retain',
      hostPath: { path: `/run/stowage-bench/${name}`, type: 'DirectoryOrCreate' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [MACHINE_NODE] }] },
          ],
        },
      },
    },
  };
}

process.exitCode = await main();
