import { join, relative } from 'node:path';
import { raceAbort } from '../base/keyed-lock.ts';
import { DriverError } from '../domain/errors.ts';
import { toCanonicalPath } from './canonical-path.ts';
import { isErrno } from './errno.ts';
import type { BindOptions, MountOptions, Mounts } from './host.ts';
import { parseBindOptions, parseMountOptions } from './mount-options.ts';
import { findHoldingMount, isBelow } from './mount-tree.ts';
import { type MountEntry, parseMountInfo } from './mountinfo.ts';
import { readMountInfo as readOwnMountInfo } from './read-mount-info.ts';
import type { Syscalls } from './syscalls/syscalls.ts';

export interface MountsDependencies {
  readonly syscalls: Pick<Syscalls, 'mount' | 'bindMount' | 'unmount'>;
  /** The text of mountinfo. Default: that of this process. */
  readonly readMountInfo?: () => Promise<string>;
}

/** Mounting by system calls, and reading what is mounted. See the contract in host.ts. */
export function createMounts(dependencies: MountsDependencies): Mounts {
  const { syscalls } = dependencies;
  const readMountInfo = dependencies.readMountInfo ?? readOwnMountInfo;

  async function list(signal: AbortSignal): Promise<readonly MountEntry[]> {
    return parseMountInfo(await raceAbort(readMountInfo(), signal));
  }

  async function findHolding(path: string, signal: AbortSignal): Promise<Located> {
    const [located, entries] = await Promise.all([raceAbort(toCanonicalPath(path), signal), list(signal)]);
    return { path: located, entries, holding: findHoldingMount(entries, located) };
  }

  async function findAt(path: string, signal: AbortSignal): Promise<MountEntry | undefined> {
    const found = await findHolding(path, signal);
    return found.holding?.mountPoint === found.path ? found.holding : undefined;
  }

  async function listOf(path: string, signal: AbortSignal): Promise<readonly MountEntry[]> {
    const found = await findHolding(path, signal);
    const holding = requireHolding(found);
    const root = join(holding.root, relative(holding.mountPoint, found.path));
    return found.entries.filter(
      (entry) =>
        entry.majorMinor === holding.majorMinor && isBelow(entry.root, root) && !isDeleted(entry.root),
    );
  }

  async function listBelow(path: string, signal: AbortSignal): Promise<readonly MountEntry[]> {
    const { entries, path: located } = await findHolding(path, signal);
    return entries.filter(({ mountPoint }) => isBelow(mountPoint, located));
  }

  async function unmount(path: string, signal: AbortSignal): Promise<void> {
    try {
      await syscalls.unmount({ target: path }, signal);
    } catch (error) {
      if (isErrno(error, 'EBUSY')) throw toInUse(path, error);
      // EINVAL is "no mount point" among other things; only mountinfo tells.
      if (!isErrno(error, 'EINVAL', 'ENOENT') || (await findAt(path, signal)) !== undefined) throw error;
    }
  }

  async function mount(options: MountOptions, signal: AbortSignal): Promise<void> {
    const { source, target, fsType } = options;
    const words = options.readOnly ? [...options.options, 'ro'] : options.options;
    const { flags, data } = parseMountOptions(words);
    await syscalls.mount({ source, target, fsType, flags, ...(data === undefined ? {} : { data }) }, signal);
  }

  async function bind(options: BindOptions, signal: AbortSignal): Promise<void> {
    const { source, target, readOnly } = options;
    const asked = parseBindOptions(options.options);
    await syscalls.bindMount({ source, target, flags: readOnly ? [...asked, 'ro'] : asked }, signal);
  }

  return {
    list,
    findAt,
    listOf,
    listBelow,
    mount,
    bind,
    unmount,
    getHolding: async (path, signal) => requireHolding(await findHolding(path, signal)),
  };
}

interface Located {
  readonly path: string;
  readonly entries: readonly MountEntry[];
  readonly holding: MountEntry | undefined;
}

function requireHolding(found: Located): MountEntry {
  if (found.holding !== undefined) return found.holding;
  throw new DriverError(
    'INTERNAL',
    `No mount of this process's namespace holds ${found.path}. Check that the driver sees the directory.`,
  );
}

/** Of a directory that was removed while it was mounted: whatever has its path now is something else. */
function isDeleted(root: string): boolean {
  return root.endsWith('//deleted');
}

function toInUse(path: string, cause: unknown): DriverError {
  return new DriverError(
    'VOLUME_IN_USE',
    `Something still uses what is mounted at ${path}. Stop the processes that have files open there (fuser -vm shows them), and try again.`,
    { cause },
  );
}
