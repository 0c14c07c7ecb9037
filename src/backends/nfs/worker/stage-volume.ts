import { parseObjectId } from '../../../domain/ids.ts';
import { DriverError } from '../../../domain/errors.ts';
import { quote } from '../../../base/quote.ts';
import { createStorePaths } from '../../../filestore/paths.ts';
import { findPoolRecord } from '../../../filestore/pool/pool-record-file.ts';
import type { Host } from '../../../host/host.ts';
import type { BindFlag } from '../../../host/syscalls/syscalls.ts';
import { applyGroup } from './apply-group.ts';
import { getTree, openStaticDirectory } from './find-tree.ts';
import type { ExportMount } from './mount-places.ts';
import type { PoolMounts } from './pool-mounts.ts';

/** What is to be staged, and how. */
export interface StageOrder {
  readonly volumeId: string;
  /** Set for a directory that a PersistentVolume names, which the node half has allowed. */
  readonly staticPath: string | undefined;
  /** An existing directory that nothing is mounted on. */
  readonly target: string;
  readonly mount: ExportMount;
  readonly bindOptions: readonly BindFlag[];
  /** The group that the volume is given, where it may be written to. */
  readonly group: number | undefined;
}

const NEVER = new AbortController().signal;

/** Mounts a volume at its staging path, from the mount of the pool's data. */
export async function stageVolume(
  deps: { readonly host: Host; readonly mounts: PoolMounts; readonly poolName: string },
  order: StageOrder,
  signal: AbortSignal,
): Promise<void> {
  const { host, mounts, poolName } = deps;
  const { target, bindOptions, volumeId, group, staticPath } = order;
  await mounts.withData(order.mount, signal, async (root) => {
    const bind = async (source: string): Promise<void> =>
      // Not to be left before it is done: what it binds from is let go of then.
      await host.mounts.bind({ source, target, readOnly: false, options: bindOptions }, NEVER);
    if (staticPath !== undefined) {
      await using directory = await openStaticDirectory(root, { path: staticPath, poolName });
      await checkStaticPool(deps, root);
      signal.throwIfAborted();
      // The dot has the link followed, which the last part of a path is not.
      await bind(`/proc/self/fd/${directory.fd}/.`);
      return;
    }
    const parsed = parseObjectId(volumeId);
    if (parsed === undefined) {
      throw new DriverError('VOLUME_NOT_FOUND', `There is no volume ${quote(volumeId)} in pool ${poolName}.`);
    }
    const { path } = await getTree(root, { id: volumeId, parsed, poolName });
    if (group !== undefined) await applyGroup(path, group, volumeId);
    // Whoever gave up meanwhile must not find it mounted later.
    signal.throwIfAborted();
    await bind(path);
  });
}

/** What is shared by all nodes shows by its pool that it is mounted here; of an export, the mount itself does. */
async function checkStaticPool(
  { mounts, poolName }: { readonly mounts: PoolMounts; readonly poolName: string },
  root: string,
): Promise<void> {
  if (mounts.isOfExport) return;
  if ((await findPoolRecord({ name: poolName, paths: createStorePaths(root) })) !== undefined) return;
  throw new DriverError(
    'POOL_UNAVAILABLE',
    `There is no pool at ${root}, where pool ${poolName} is on all nodes: its file system is not mounted on this one. Mount it.`,
  );
}
