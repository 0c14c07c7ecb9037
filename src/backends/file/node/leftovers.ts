import { isDriverError } from '../../../domain/errors.ts';
import { formatObjectId } from '../../../domain/ids.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import { findObjectId, findStoreOf } from '../stores.ts';
import type { FileNodeContext } from './context.ts';

/** A loop device's node, bind-mounted by itself. */
const LOOP_NODE = /^\/(loop\d+)$/;

/**
 * The device whose node is bind-mounted here, by name: `/dev/loop7`. Undefined for everything else. Such a mount pins nothing, and the
 * device behind the name may have been given to somebody else since.
 */
export function findMountedLoopNode(entry: MountEntry): string | undefined {
  if (entry.fsType !== 'devtmpfs' && entry.fsType !== 'tmpfs') return undefined;
  const name = LOOP_NODE.exec(entry.root)?.[1];
  return name === undefined || entry.mountPoint.startsWith('/dev/') ? undefined : `/dev/${name}`;
}

/**
 * Whether a mount was made for the volume of this id, when no record is there to tell: its pool is away, or it was removed although it
 * was mounted. Told by the path of what is mounted, which names the volume's directory or the trash. A successor that has
 * the name of a removed volume, and so its directory, is not it.
 */
export async function isLeftover(
  context: Pick<FileNodeContext, 'stores' | 'findBackingPath'>,
  volumeId: string,
  entry: MountEntry,
  signal: AbortSignal,
): Promise<boolean> {
  const device =
    findMountedLoopNode(entry) ??
    (entry.source.startsWith('/dev/loop') && entry.root === '/' ? entry.source : undefined);
  const path = device === undefined ? entry.root : await context.findBackingPath(device);
  return await isLeftoverContent(context, volumeId, path, signal);
}

/** The loop devices over the image of this volume, told in the same way. */
export async function listLeftoverLoops(
  context: Pick<FileNodeContext, 'stores' | 'findBackingPath' | 'syscalls'>,
  volumeId: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { device } of await context.syscalls.listLoops({}, signal)) {
    const path = await context.findBackingPath(device);
    if (isOfDirectory(path, volumeId) && (await isLeftoverContent(context, volumeId, path, signal))) {
      found.push(device);
    }
  }
  return found;
}

async function isLeftoverContent(
  context: Pick<FileNodeContext, 'stores'>,
  volumeId: string,
  path: string | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const id = findObjectId('volume', volumeId);
  if (id === undefined || path === undefined) return false;
  if (/\/\.stowage\/trash\/[^/]+\/(data|disk\.img)$/.test(stripDeleted(path))) return true;
  return isOfDirectory(path, volumeId) && !(await hasSuccessor(context, id, signal));
}

/** Whether a path is the content of the directory that a volume of this id has in its pool. */
function isOfDirectory(path: string | undefined, volumeId: string): boolean {
  const hash = /\/volumes\/([^/]+)\/(data|disk\.img)$/.exec(stripDeleted(path ?? ''))?.[1];
  return hash !== undefined && hash === findObjectId('volume', volumeId)?.hash;
}

/** The kernel marks the path of what was removed while it was in use. */
function stripDeleted(path: string): string {
  return path.replace(/(\/\/deleted| \(deleted\))$/, '');
}

/** Whether another generation has the volume's directory now. Ids are ordered, so one page after the least generation tells. */
async function hasSuccessor(
  { stores }: Pick<FileNodeContext, 'stores'>,
  id: { readonly poolId: string; readonly hash: string },
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const open = findStoreOf(stores, id.poolId);
    if (open === undefined) return false;
    const first = formatObjectId({ kind: 'volume', ...id, generation: '22222222' });
    const page = await open.store.listVolumes({ maxEntries: 1, startingToken: first }, signal);
    const next = page.entries[0];
    return next !== undefined && findObjectId('volume', next.id)?.hash === id.hash;
  } catch (error) {
    if (isDriverError(error, 'POOL_UNAVAILABLE')) return false;
    throw error;
  }
}
