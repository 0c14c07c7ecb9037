/**
 * `make demo-kubernetes`: from a clean checkout to a bound claim in a real Kubernetes. Builds what is missing, starts two nodes, one on this
 * machine's kernel and one a User-mode Linux, installs the chart, applies the first example and uses what comes of it. Everything that is
 * shown is what kubectl prints. Ends with nothing left.
 */
import { resolve } from 'node:path';
import { run } from '../test/cluster/support/command.ts';
import { kubectl, runInPod, waitFor } from '../test/cluster/support/kubectl.ts';
import { buildCluster, startCluster, stopCluster } from '../test/cluster/support/nodes.ts';
import { installDriver } from '../test/cluster/support/release.ts';

const ROOT = resolve(import.meta.dirname, '..');
const EXAMPLE = 'examples/pod-with-claim.yaml';
const NAMESPACE = 'default';

async function main(): Promise<number> {
  if (process.getuid?.() !== 0) {
    console.error('A Kubernetes on this machine takes root: run this as root, for instance with sudo.');
    return 1;
  }
  await tell(
    'Kubernetes, etcd, helm and the sidecars from their Go modules (minutes the first time)',
    buildCluster,
  );
  await tell("The driver's image", () =>
    run([process.execPath, `${ROOT}/scripts/image.ts`], { deadlineMs: 900_000 }),
  );
  try {
    await tell("Two nodes, one on this machine's kernel and one a User-mode Linux", () =>
      startCluster(['machine', 'uml']),
    );
    await show('get', 'nodes', '-o', 'wide');
    await tell('helm install stowage charts/stowage', () => installDriver());
    await show('get', 'pods', '--namespace', 'stowage-system', '-o', 'wide');
    await show('get', 'pools.stowage.dev');
    await show('get', 'storageclasses');
    await useExample();
    return 0;
  } finally {
    await tell('The end: nodes, mounts, loop devices and files go away', stopCluster);
  }
}

async function useExample(): Promise<void> {
  await show('apply', '--filename', EXAMPLE);
  const pods = await kubectl(['get', '--filename', `${ROOT}/${EXAMPLE}`, '--output', 'name']);
  const pod = pods.split('\n').find((line) => line.startsWith('pod/')) ?? '';
  await tell('The pod starts', () => waitFor(NAMESPACE, pod, 'condition=Ready'));
  await show('get', 'persistentvolumeclaims,persistentvolumes');
  await show('get', 'pods', '-o', 'wide');
  await use(pod, 'df -h | grep -E "Filesystem|/data"');
  await use(pod, 'echo "kept by Stowage" >/data/note && sync && cat /data/note');
  await show('delete', pod);
  await show('apply', '--filename', EXAMPLE);
  await waitFor(NAMESPACE, pod, 'condition=Ready');
  await use(pod, 'cat /data/note');
  await show('delete', '--filename', EXAMPLE);
}

/** Says what happens, and how long it took. */
async function tell(what: string, work: () => Promise<unknown>): Promise<void> {
  process.stdout.write(`# ${what} …`);
  const startedAt = performance.now();
  await work();
  console.log(` ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
}

/** Shows a command of kubectl and what it prints. */
async function show(...args: readonly string[]): Promise<void> {
  console.log(`$ kubectl ${args.join(' ')}`);
  console.log(await kubectl(args, { cwd: ROOT }));
}

/** Shows what is done in the pod. */
async function use(pod: string, script: string): Promise<void> {
  console.log(`$ kubectl exec ${pod} -- sh -c '${script}'`);
  console.log(await runInPod(NAMESPACE, pod, script));
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`The demonstration failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
