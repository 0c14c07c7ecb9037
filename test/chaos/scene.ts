import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { createFileRegistry } from '../../src/pools/file-registry.ts';
import type { PoolRegistry } from '../../src/pools/registry.ts';
import { makeScratchDirectory, makeScratchFilesystem } from '../support/scratch.ts';
import { type SplitCluster, startSplitCluster } from '../support/split-cluster.ts';
import type { PoolPaths } from './pieces.ts';

const GiB = 2 ** 30;

/** Two controllers and three nodes, with a pool each: two of images that share blocks, one of subvolumes as well. */
export interface ChaosScene extends AsyncDisposable {
  readonly cluster: SplitCluster;
  readonly pools: PoolPaths;
  /** The node on which directories have quotas. */
  readonly directoryNode: string;
  /** The cluster's, as one more program sees it. */
  readonly registry: PoolRegistry;
  /** Where pods have their volumes. */
  readonly podDirectory: string;
}

/** Starts everything. Disposing stops it, and removes what it was made of. */
export async function startChaosScene(): Promise<ChaosScene> {
  await using undo = new AsyncDisposableStack();
  const scratch = undo.use(await makeScratchDirectory());
  const btrfs = undo.use(await makeScratchFilesystem({ type: 'btrfs', sizeBytes: 8 * GiB }));
  const gamma = join(btrfs.path, 'pool');
  await mkdir(gamma);
  const toFile = (name: string) => ({
    name: 'fast',
    path: join(scratch.path, name),
    backing: { type: 'file', path: join(scratch.path, `${name}.img`), size: 8 * GiB, sparse: true },
  });
  const nodes = [
    { name: 'alpha', pools: [toFile('alpha')] },
    { name: 'beta', pools: [toFile('beta')] },
    { name: 'gamma', pools: [{ name: 'fast', path: gamma }] },
  ];
  const cluster = undo.use(
    await startSplitCluster({ directory: join(scratch.path, 'cluster'), nodes, controllers: 2 }),
  );
  const kept = undo.move();
  return {
    cluster,
    pools: new Map(nodes.map(({ name, pools }) => [name, pools[0]?.path ?? ''])),
    directoryNode: 'gamma',
    registry: createFileRegistry({
      stateDirectory: join(scratch.path, 'cluster', 'cluster'),
      driver: 'hostpath.stowage.dev',
      clock: systemClock,
    }),
    podDirectory: join(scratch.path, 'pods'),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
