import { isDriverError } from '../../../domain/errors.ts';
import { formatObjectId } from '../../../domain/ids.ts';
import type { LocalFileStore } from '../../../filestore/file-store.ts';
import { CONTENT_NAMES } from '../../../filestore/paths.ts';
import type { MountEntry } from '../../../host/mountinfo.ts';
import type { AttachedLoop } from '../../../host/syscalls/syscalls.ts';
import { findObjectId, findStoreOfObject } from '../stores.ts';
import type { Appearance } from './appearance.ts';
import { getAppearance } from './appearance.ts';
import type { FileNodeContext } from './context.ts';
import type { LocalVolume } from './locate.ts';
import { getVolume } from './locate.ts';

/** A loop device's node, bind-mounted by itself. */
const LOOP_NODE = /^\/(loop\d+)$/;
/** The first in the order of ids. */
const LEAST_GENERATION = '22222222';

/**
 * The device whose node is bind-mounted here, by name: `/dev/loop7`. Undefined for everything else. Such a mount pins nothing, and the
 * device behind the name may have been given to somebody else since.
 */
export function findMountedLoopNode(entry: MountEntry): string | undefined {
  if (entry.fsType !== 'devtmpfs' && entry.fsType !== 'tmpfs') return undefined;
  const name = LOOP_NODE.exec(entry.root)?.[1];
  return name === undefined || entry.mountPoint.startsWith('/dev/') ? undefined : `/dev/${name}`;
}

/** A mount and the table that it is from. */
export interface TableEntry {
  readonly entry: MountEntry;
  readonly table: readonly MountEntry[];
}

/**
 * Whether a mount was made for the volume of this id, when no record is there to tell: its pool is away, or it was removed although it
 * was mounted. Told by the path of what is mounted, which names the volume's directory or its place in the trash. What a volume of a pool
 * that is present shows is that volume's, whatever id is asked for.
 */
export async function isLeftover(
  context: LeftoverContext,
  volumeId: string,
  { entry, table }: TableEntry,
  signal: AbortSignal,
): Promise<boolean> {
  const device =
    findMountedLoopNode(entry) ??
    (entry.source.startsWith('/dev/loop') && entry.root === '/' ? entry.source : undefined);
  const path = device === undefined ? entry.root : await context.findBackingPath(device);
  const isShownBy = ({ isOurs }: Appearance): boolean => isOurs(entry);
  return await isLeftoverContent(context, volumeId, { path, table, isShownBy }, signal);
}

/** The loop devices over the image of this volume, told in the same way. */
export async function listLeftoverLoops(
  context: LeftoverContext & Pick<FileNodeContext, 'syscalls'>,
  volumeId: string,
  table: readonly MountEntry[],
  signal: AbortSignal,
): Promise<readonly AttachedLoop[]> {
  const found: AttachedLoop[] = [];
  for (const attached of await context.syscalls.listLoops({ fileName: CONTENT_NAMES.image }, signal)) {
    const { device } = attached;
    const path = await context.findBackingPath(device);
    const isShownBy = ({ loops }: Appearance): boolean => loops.some((loop) => loop.device === device);
    const content = { path, table, isShownBy };
    if (await isLeftoverContent(context, volumeId, content, signal)) found.push(attached);
  }
  return found;
}

type LeftoverContext = Pick<FileNodeContext, 'stores' | 'findBackingPath' | 'loops'>;

/** Something that a mount or a loop device shows. */
interface Content {
  /** Inside its file system, or on the host. */
  readonly path: string | undefined;
  readonly table: readonly MountEntry[];
  /** Whether it is what a volume that looks like this shows. */
  readonly isShownBy: (appearance: Appearance) => boolean;
}

async function isLeftoverContent(
  context: LeftoverContext,
  volumeId: string,
  content: Content,
  signal: AbortSignal,
): Promise<boolean> {
  if (content.path === undefined) return false;
  const path = stripDeleted(content.path);
  if (isTrashOf(path, volumeId)) return true;
  if (!isOfDirectory(path, volumeId)) return false;
  const state = await getPoolState(context, volumeId, signal);
  // Where records can be read, what has none is gone, and what still lies in its place is somebody else's.
  if (state !== 'away') return state === 'open' && path !== content.path;
  return !(await isShownByPresentVolume(context, volumeId, content, signal));
}

/** Whether a path is content in the trash that the id of the removed volume is written on. */
function isTrashOf(path: string, volumeId: string): boolean {
  const name = /\/\.stowage\/trash\/([^/]+)\/(data|disk\.img)$/.exec(path)?.[1];
  return name !== undefined && name.startsWith(`${volumeId}.`);
}

/** Whether a path is the content of the directory that a volume of this id has in its pool. */
function isOfDirectory(path: string, volumeId: string): boolean {
  const hash = /\/volumes\/([^/]+)\/(data|disk\.img)$/.exec(path)?.[1];
  return hash !== undefined && hash === findObjectId('volume', volumeId)?.hash;
}

/** The kernel marks the path of what was removed while it was in use. */
function stripDeleted(path: string): string {
  return path.replace(/(\/\/deleted| \(deleted\))$/, '');
}

/** `away` when the volume's record cannot be read now, `unknown` when no pool here can have made the id. */
async function getPoolState(
  { stores }: LeftoverContext,
  volumeId: string,
  signal: AbortSignal,
): Promise<'open' | 'away' | 'unknown'> {
  try {
    const open = findStoreOfObject(stores, { kind: 'volume', id: volumeId });
    if (open === undefined) return 'unknown';
    await open.store.findVolume({ id: volumeId }, signal);
    return 'open';
  } catch (error) {
    if (isDriverError(error, 'POOL_UNAVAILABLE')) return 'away';
    throw error;
  }
}

/** Whether a volume of another id, but in a directory of the same name, shows this content in one of the pools that are present. */
async function isShownByPresentVolume(
  context: LeftoverContext,
  volumeId: string,
  { table, isShownBy }: Content,
  signal: AbortSignal,
): Promise<boolean> {
  const hash = findObjectId('volume', volumeId)?.hash ?? '';
  for (const { state } of context.stores.list()) {
    if (!('store' in state)) continue;
    const volume = await findNamesake(context, state.store, hash, signal);
    if (volume === undefined || volume.record.id === volumeId) continue;
    if (isShownBy(await getAppearance(context, volume, table, signal))) return true;
  }
  return false;
}

/** The volume of a store whose directory has this name. Ids are ordered, so one page after the least generation tells. */
async function findNamesake(
  context: LeftoverContext,
  store: LocalFileStore,
  hash: string,
  signal: AbortSignal,
): Promise<LocalVolume | undefined> {
  const { poolId } = store;
  const startingToken = formatObjectId({ kind: 'volume', poolId, hash, generation: LEAST_GENERATION });
  try {
    const [next] = (await store.listVolumes({ maxEntries: 1, startingToken }, signal)).entries;
    if (next === undefined || findObjectId('volume', next.id)?.hash !== hash) return undefined;
    return await getVolume(context, next.id, signal);
  } catch (error) {
    // Away after all, or without its data: it shows nothing.
    if (isDriverError(error, 'POOL_UNAVAILABLE') || isDriverError(error, 'PRECONDITION_FAILED')) {
      return undefined;
    }
    throw error;
  }
}
