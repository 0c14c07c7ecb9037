import type { FileNodeContext } from '../../src/backends/file/node/context.ts';
import { findIdentity } from '../../src/backends/file/node/mount-table.ts';
import type { FsType } from '../../src/domain/access.ts';
import { DriverError } from '../../src/domain/errors.ts';
import type { Filesystem } from '../../src/host/filesystems/filesystem.ts';
import type { LoopDevice, LoopOptions } from '../../src/host/host.ts';
import { findHoldingMount } from '../../src/host/mount-tree.ts';
import type { MountEntry } from '../../src/host/mountinfo.ts';
import { unusable } from './unusable.ts';

/** What the node half needs of a machine, kept in memory. Paths are real: only mounts, loops and file systems are not. */
export interface FakeMachine
  extends Pick<
    FileNodeContext,
    'mounts' | 'loops' | 'syscalls' | 'getFilesystem' | 'formatter' | 'findBackingPath'
  > {
  /** What was done to file systems and devices, or asked of them, in order: `mkfs.xfs`, `statfs /path`. */
  readonly calls: readonly string[];
  /** Mounts and loop devices go, as at a reboot; files stay. */
  reboot(): void;
  /** Mounts of somebody else, or what an earlier life of the program left: `entry` says how it looks. */
  mountForeign(path: string, entry?: Partial<MountEntry>): void;
  /** The next call of this name (`mount`, `bind`, `ensure`…) fails with this. */
  failNext(name: string, error: Error): void;
  /** Mount points that answer EBUSY, and files whose device somebody holds. */
  readonly busy: Set<string>;
  readonly table: () => readonly MountEntry[];
}

const BASE: readonly MountEntry[] = [
  toEntry({
    mountId: 1,
    parentId: 0,
    mountPoint: '/',
    majorMinor: '254:0',
    fsType: 'ext4',
    source: '/dev/vda',
  }),
  toEntry({
    mountId: 2,
    parentId: 1,
    mountPoint: '/dev',
    majorMinor: '0:5',
    fsType: 'devtmpfs',
    source: 'dev',
  }),
];

/** A machine with a root file system and nothing else mounted. */
export function createFakeMachine(): FakeMachine {
  let table: MountEntry[] = [...BASE];
  let nextId = 10;
  const attached = new Map<string, LoopDevice[]>();
  const formatted = new Map<string, FsType>();
  const calls: string[] = [];
  const failures = new Map<string, Error>();
  const busy = new Set<string>();

  const enter = async (name: string, signal: AbortSignal): Promise<void> => {
    await Promise.resolve();
    signal.throwIfAborted();
    const failure = failures.get(name);
    failures.delete(name);
    if (failure !== undefined) throw failure;
  };
  const push = (entry: Omit<MountEntry, 'mountId' | 'parentId'>): void => {
    const parentId = findHoldingMount(table, entry.mountPoint)?.mountId ?? 1;
    table = [...table, { ...entry, mountId: (nextId += 1), parentId }];
  };
  const attach = (file: string, readOnly: boolean): LoopDevice => {
    const used = new Set([...attached.values()].flat().map(({ device }) => device));
    let index = 0;
    while (used.has(`/dev/loop${index}`)) index += 1;
    const device = `/dev/loop${index}`;
    const loop = { device, majorMinor: `7:${index}`, readOnly, detaching: false, partial: false };
    attached.set(file, [...(attached.get(file) ?? []), loop]);
    return loop;
  };
  const fileOf = (device: string): string => {
    for (const [file, loops] of attached) if (loops.some((loop) => loop.device === device)) return file;
    throw new Error(`${device} is not attached`);
  };
  const findAt = (path: string): MountEntry | undefined => {
    const holding = findHoldingMount(table, path);
    return holding?.mountPoint === path ? holding : undefined;
  };

  const filesystem = (type: FsType): Filesystem => ({
    type,
    minimumBytes: 0,
    programs: [],
    debianPackage: '',
    mountOptions: type === 'xfs' ? ['nouuid'] : [],
    growsOffline: type === 'ext4',
    make: () => Promise.reject(new Error('only the formatter makes file systems')),
    async check(_device, signal) {
      await enter('check', signal);
    },
    async grow({ mountPoint }, signal) {
      await enter('grow', signal);
      calls.push(`grow ${type} ${mountPoint === undefined ? 'offline' : 'online'}`);
    },
    ...(type === 'btrfs'
      ? {
          async renewIdentity(_device: string, signal: AbortSignal) {
            await enter('renewIdentity', signal);
            calls.push('renew btrfs');
          },
        }
      : {}),
  });

  return {
    calls,
    busy,
    table: () => table,
    reboot() {
      table = [...BASE];
      attached.clear();
      busy.clear();
    },
    mountForeign(path, entry) {
      const tmpfs = { mountPoint: path, majorMinor: '0:99', fsType: 'tmpfs', source: 'tmpfs' };
      push(toEntry({ ...tmpfs, ...entry }));
    },
    failNext(name, error) {
      failures.set(name, error);
    },
    getFilesystem: filesystem,
    formatter: {
      async ensureFormatted({ device, fsType }, signal) {
        await enter('format', signal);
        const file = fileOf(device);
        if (formatted.has(file)) return { made: false };
        formatted.set(file, fsType);
        calls.push(`mkfs.${fsType}`);
        return { made: true };
      },
    },
    async findBackingPath(device) {
      await Promise.resolve();
      const found = [...attached].find(([, loops]) => loops.some((loop) => loop.device === device));
      return found?.[0];
    },

    mounts: unusable<FakeMachine['mounts']>('mounts', {
      async list(signal) {
        await enter('list', signal);
        return table;
      },
      async mount({ source, target, fsType, options }, signal) {
        await enter('mount', signal);
        const loop = [...attached.values()].flat().find(({ device }) => device === source);
        if (loop === undefined) throw new Error(`${source} is not attached`);
        const majorMinor = fsType === 'btrfs' ? `0:${100 + nextId}` : loop.majorMinor;
        push({ ...toEntry({ mountPoint: target, majorMinor, fsType, source }), options: ['rw', ...options] });
      },
      async bind({ source, target, readOnly, options }, signal) {
        await enter('bind', signal);
        const holding = findHoldingMount(table, source);
        const identity = findIdentity(table, source);
        if (holding === undefined || identity === undefined) throw new Error(`nothing holds ${source}`);
        const flags = [readOnly ? 'ro' : 'rw', ...options];
        push({ ...holding, ...identity, mountPoint: target, options: flags });
      },
      async unmount(path, signal) {
        await enter('unmount', signal);
        if (busy.has(path)) throw new DriverError('VOLUME_IN_USE', `${path} is busy.`);
        const top = findAt(path);
        table = table.filter((entry) => entry !== top);
      },
    }),

    loops: {
      async listOf(file, signal) {
        await enter('listOf', signal);
        return attached.get(file) ?? [];
      },
      async ensure({ file, readOnly }: LoopOptions, signal) {
        await enter('ensure', signal);
        return attached.get(file)?.[0] ?? attach(file, readOnly);
      },
      async detachAll(file, signal) {
        await enter('detachAll', signal);
        const isBusy = busy.has(file);
        const left = (attached.get(file) ?? []).map((loop) => ({ ...loop, detaching: true }));
        attached.set(file, isBusy ? left : []);
        if (isBusy) throw new DriverError('OPERATION_PENDING', `${file} is busy.`);
      },
      async keep(file, { device }, signal) {
        await enter('keep', signal);
        const present = attached.get(file) ?? [];
        const found = present.find((loop) => loop.device === device);
        if (found === undefined) throw new DriverError('OPERATION_PENDING', `${device} has gone.`);
        const kept = { ...found, detaching: false };
        attached.set(
          file,
          present.map((loop) => (loop === found ? kept : loop)),
        );
        return kept;
      },
      async resize(device, signal) {
        await enter('resize', signal);
        fileOf(device);
      },
    },

    syscalls: unusable<FakeMachine['syscalls']>('syscalls', {
      async attachLoop({ file, readOnly }, signal) {
        await enter('attachLoop', signal);
        return attach(file, readOnly);
      },
      async detachLoop({ device }, signal) {
        await enter('detachLoop', signal);
        attached.delete(fileOf(device));
      },
      async listLoops(_call, signal) {
        await enter('listLoops', signal);
        const identity = { backingDevice: 0n, backingInode: 0n, directIo: true };
        return [...attached.values()].flat().map((loop) => ({ ...loop, ...identity }));
      },
      async probeExclusive(_call, signal) {
        await enter('probeExclusive', signal);
      },
      async getDeviceSize(_call, signal) {
        await enter('getDeviceSize', signal);
        return { sizeBytes: 1024 ** 3 };
      },
      async statfs({ path }, signal) {
        await enter('statfs', signal);
        calls.push(`statfs ${path}`);
        return {
          type: 0,
          totalBytes: 1000,
          freeBytes: 600,
          availableBytes: 500,
          totalInodes: 100,
          freeInodes: 90,
          readOnly: false,
        };
      },
    }),
  };
}

function toEntry(
  entry: Pick<MountEntry, 'mountPoint' | 'majorMinor' | 'fsType' | 'source'> & Partial<MountEntry>,
): MountEntry {
  return { mountId: 0, parentId: 0, root: '/', options: ['rw'], superOptions: ['rw'], ...entry };
}
