import { chmod, mkdir, stat } from 'node:fs/promises';
import { DriverError } from '../../domain/errors.ts';
import { getSectorSize, toMajorMinor } from '../../host/disk-facts.ts';
import { isErrno } from '../../host/errno.ts';
import type { Filesystem } from '../../host/filesystems/filesystem.ts';
import type { Formatter } from '../../host/formatter.ts';
import type { Host } from '../../host/host.ts';
import type { MountEntry } from '../../host/mountinfo.ts';
import type { PoolBacking, PoolPlace } from './pool-backing.ts';
import { ensurePoolFile, growPoolFile } from './pool-file.ts';

const PAGE_BYTES = 4096;
/** xfs labels have at most 12 characters. */
const LABEL = 'stowage-pool';

export interface PoolMounting {
  readonly host: Host;
  readonly formatter: Formatter;
  readonly xfs: Filesystem;
}

/** A pool that is to be mounted, and whether the registry knows it: then nothing is made, only found. */
export interface MountablePool<B extends PoolBacking = PoolBacking> {
  readonly place: PoolPlace & { readonly backing: B };
  readonly isKnown: boolean;
  /** What an operator does when the known pool's data is gone for good, as an order in a sentence. */
  readonly toForget?: string;
}

/**
 * Sees to it that the pool's path is what its backing says: the directory as it is, or the pool's own xfs, made when the pool is new
 * and what it stands on is blank, mounted, and grown to its whole device. Idempotent. Throws POOL_UNAVAILABLE, or what the formatter refuses with.
 */
export async function ensurePoolMounted(
  deps: PoolMounting,
  pool: MountablePool,
  signal: AbortSignal,
): Promise<void> {
  const { place, ...knowledge } = pool;
  const { backing } = place;
  switch (backing.type) {
    case 'none':
      await checkMountPoint(deps.host, { poolName: place.name, ...backing }, signal);
      return await checkDirectory(place);
    case 'file':
      return await ensureFileMounted(deps, { place: { ...place, backing }, ...knowledge }, signal);
    case 'device':
      return await ensureDeviceMounted(deps, { place: { ...place, backing }, ...knowledge }, signal);
  }
}

/**
 * In a container the directory of the host is a mount also when nothing is mounted there in the host: of a directory of the disk below, then. What
 * tells them apart is that only who has mounted a whole file system sees its root there.
 */
async function checkMountPoint(
  { mounts }: Host,
  { poolName, mountPoint }: { readonly poolName: string; readonly mountPoint?: string | undefined },
  signal: AbortSignal,
): Promise<void> {
  if (mountPoint === undefined) return;
  const mounted = await mounts.findAt(mountPoint, signal);
  if (mounted?.root === '/') return;
  throw new DriverError(
    'POOL_UNAVAILABLE',
    `No file system has its root at ${mountPoint}, where pool ${poolName} wants one mounted (backing.mountPoint), so nothing is looked for or made there: mount its disk. A directory or subvolume of a file system that is mounted elsewhere does not count.`,
  );
}

async function checkDirectory(place: PoolPlace): Promise<void> {
  const isDirectory = await stat(place.path).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false;
      throw error;
    },
  );
  if (isDirectory) return;
  throw new DriverError(
    'POOL_UNAVAILABLE',
    `The directory ${place.path} of pool ${place.name} does not exist: make it, mount the disk that it lies on, or set a backing for the pool.`,
  );
}

async function ensureFileMounted(
  deps: PoolMounting,
  pool: MountablePool<Extract<PoolBacking, { type: 'file' }>>,
  signal: AbortSignal,
): Promise<void> {
  const { host } = deps;
  const { place, ...knowledge } = pool;
  const file = place.backing.path;
  const mounted = await host.mounts.findAt(place.path, signal);
  if (mounted !== undefined) await checkMountedFile(host, place, { file, mounted }, signal);
  const sizeBytes = Math.floor(place.backing.size / PAGE_BYTES) * PAGE_BYTES;
  checkSize(place, sizeBytes, deps.xfs);
  const poolFile = {
    poolName: place.name,
    path: file,
    sizeBytes,
    isSparse: place.backing.sparse,
    ...knowledge,
  };
  await ensurePoolFile(poolFile, host.syscalls, signal);
  await using undo = new AsyncDisposableStack();
  const sectorSizeBytes = await getSectorSize(host.mounts, file, signal);
  const { device } = await host.loops.ensure({ file, readOnly: false, sectorSizeBytes }, signal);
  if (mounted === undefined) undo.defer(() => host.loops.detachAll(file, AbortSignal.timeout(10_000)));
  if (mounted === undefined) await formatAndMount(deps, pool, device, signal);
  undo.move();
  await growPoolFile(poolFile, host.syscalls, signal);
  await host.loops.resize(device, signal);
  await growFilesystem(deps, place, device, signal);
}

async function ensureDeviceMounted(
  deps: PoolMounting,
  pool: MountablePool<Extract<PoolBacking, { type: 'device' }>>,
  signal: AbortSignal,
): Promise<void> {
  const { host } = deps;
  const { place } = pool;
  const { device } = place.backing;
  const majorMinor = await getDeviceNumber(pool, device);
  const mounted = await host.mounts.findAt(place.path, signal);
  if (mounted !== undefined && mounted.majorMinor !== majorMinor) throw mountedElse(place, mounted, device);
  if (mounted === undefined) await formatAndMount(deps, pool, device, signal);
  await growFilesystem(deps, place, device, signal);
}

/** Identity is (device, inode) of the loop's file: a path may mean another file by now. */
async function checkMountedFile(
  host: Host,
  place: PoolPlace,
  found: { readonly file: string; readonly mounted: MountEntry },
  signal: AbortSignal,
): Promise<void> {
  const loops = await host.loops.listOf(found.file, signal).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) throw mountedElse(place, found.mounted, found.file);
    throw error;
  });
  if (loops.some((loop) => loop.majorMinor === found.mounted.majorMinor)) return;
  throw mountedElse(place, found.mounted, found.file);
}

async function formatAndMount(
  deps: PoolMounting,
  pool: MountablePool,
  device: string,
  signal: AbortSignal,
): Promise<void> {
  const { place } = pool;
  if (!pool.isKnown) {
    const { sizeBytes } = await deps.host.syscalls.getDeviceSize({ device }, signal);
    const request = { device, volumeId: `pool:${place.name}`, expectedSizeBytes: sizeBytes };
    await deps.formatter.ensureFormatted({ ...request, fsType: 'xfs', label: LABEL }, signal);
  }
  await mkdir(place.path, { recursive: true, mode: 0o700 });
  await mountXfs(deps, pool, device, signal);
  await chmod(place.path, 0o700);
}

/** With project quotas where the kernel has them; elsewhere that mount fails. */
async function mountXfs(
  { host, xfs }: PoolMounting,
  pool: MountablePool,
  device: string,
  signal: AbortSignal,
): Promise<void> {
  const mount = async (options: readonly string[]): Promise<void> =>
    await host.mounts.mount(
      { source: device, target: pool.place.path, fsType: 'xfs', readOnly: false, options },
      signal,
    );
  try {
    await mount([...xfs.mountOptions, 'prjquota']);
  } catch (error) {
    if (!isErrno(error, 'EINVAL', 'ENOSYS', 'EOPNOTSUPP')) throw cannotMount(pool, device, error);
    await mount(xfs.mountOptions).catch((again: unknown) => {
      throw cannotMount(pool, device, again);
    });
  }
}

async function growFilesystem(
  { xfs }: PoolMounting,
  place: PoolPlace,
  device: string,
  signal: AbortSignal,
): Promise<void> {
  await xfs.grow({ device, mountPoint: place.path }, signal);
}

function checkSize(place: PoolPlace, sizeBytes: number, xfs: Filesystem): void {
  if (sizeBytes >= xfs.minimumBytes) return;
  throw new DriverError(
    'POOL_UNAVAILABLE',
    `Pool ${place.name} is configured with ${sizeBytes} bytes, and its xfs needs at least ${xfs.minimumBytes}: set a larger size.`,
  );
}

async function getDeviceNumber({ place, toForget }: MountablePool, device: string): Promise<string> {
  const found = await stat(device).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (found?.isBlockDevice() !== true) {
    const ifGone =
      toForget === undefined
        ? ''
        : ` If it is gone for good, ${toForget}, and the pool is made anew on another one.`;
    throw new DriverError(
      'POOL_UNAVAILABLE',
      `${device} is ${found === undefined ? 'missing' : 'not a block device'}, so pool ${place.name} cannot be opened: attach the disk, or correct the path (a link below /dev/disk/by-id does not change at reboot).${ifGone}`,
    );
  }
  return toMajorMinor(found.rdev);
}

function mountedElse(place: PoolPlace, mounted: MountEntry, expected: string): DriverError {
  return new DriverError(
    'POOL_UNAVAILABLE',
    `Something else is mounted at ${place.path} (${mounted.fsType} from ${mounted.source}), not ${expected} of pool ${place.name}: unmount it, or choose another path.`,
  );
}

function cannotMount({ place, toForget }: MountablePool, device: string, cause: unknown): DriverError {
  const ifReplaced =
    toForget === undefined
      ? ''
      : ` If this is another disk, which replaces the one before for good, ${toForget}, and the pool is made anew.`;
  return new DriverError(
    'POOL_UNAVAILABLE',
    `The file system of pool ${place.name} on ${device} cannot be mounted at ${place.path}: the kernel's log (dmesg) says why; xfs_repair may help.${ifReplaced}`,
    { cause },
  );
}
