import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createKubelet, type Kubelet } from '../test/support/kubelet.ts';
import { makeScratchDirectory, makeScratchFilesystem } from '../test/support/scratch.ts';
import { type SplitCluster, startSplitCluster } from '../test/support/split-cluster.ts';
import { BUNDLED_PROGRAM } from './bundle.ts';

const GiB = 2 ** 30;
const NODES = ['node-1', 'node-2', 'node-3'] as const;

/** One controller and three nodes from the bundle, mutual TLS between them, each node with a btrfs of its own (pool `btrfs`). */
export interface SplitScene extends AsyncDisposable {
  readonly cluster: SplitCluster;
  readonly controller: SplitCluster['controllers'][number];
  /** One for each node: what it makes is for that node. */
  readonly kubelets: readonly Kubelet[];
  /** For each node a folder beside its pool, for the usual way. */
  readonly beside: readonly string[];
}

/** Makes the scratch file systems and starts the processes. */
export async function setSplitScene(): Promise<SplitScene> {
  await using undo = new AsyncDisposableStack();
  const scratch = undo.use(await makeScratchDirectory());
  const nodes = [];
  const beside: string[] = [];
  for (const name of NODES) {
    const { path } = undo.use(await makeScratchFilesystem({ type: 'btrfs', sizeBytes: 40 * GiB }));
    // As with the pools of all-in-one: what is promised is not the matter here.
    const pool = join(path, 'pool');
    await mkdir(pool);
    beside.push(join(path, 'usual'));
    nodes.push({ name, pools: [{ name: 'btrfs', path: pool, overcommit: 100 }] });
  }
  const cluster = undo.use(
    await startSplitCluster({ directory: join(scratch.path, 'cluster'), nodes, program: BUNDLED_PROGRAM }),
  );
  const [controller] = cluster.controllers;
  if (controller === undefined) throw new Error('the cluster has no controller');
  const kubelets: Kubelet[] = [];
  for (const { name, node } of cluster.nodes) {
    const directory = join(scratch.path, 'pods', name);
    kubelets.push(await createKubelet({ controller: controller.controller, node, directory }));
  }
  const kept = undo.move();
  return { cluster, controller, kubelets, beside, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
