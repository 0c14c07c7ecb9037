import type { MountEntry } from './mountinfo.ts';
import type { Syscalls } from './syscalls/syscalls.ts';

/** The machine, as the layers above see it. `createHost` (create-host.ts) builds the real one; there is no other. */
export interface Host {
  readonly syscalls: Syscalls;
  readonly commands: Commands;
  readonly mounts: Mounts;
  readonly loops: Loops;
  readonly freezer: Freezer;
  readonly trees: Trees;
  /** Ends helpers and workers. */
  close(): Promise<void>;
}

/** Child processes: argv only, no shell, own process group, bounded output, LC_ALL=C, an environment that names what it passes. */
export interface Commands {
  /**
   * Runs to the end. Throws CommandError (with exit code, signal, stderr, and booleans that name the reason) on a non-zero exit
   * unless `okExitCodes` has it, on the deadline, on abort: the group gets SIGTERM, then SIGKILL; a child that cannot be
   * killed is abandoned and named in the error. A missing program is a CommandError with `notFound`.
   */
  run(command: Command, signal: AbortSignal): Promise<CommandResult>;
  /**
   * Runs like `run`, and hands over what the program prints as it comes: the program waits while nobody takes it. Throws like `run`
   * once the output has ended. Whoever leaves the loop early ends the program.
   */
  stream(command: Command, signal: AbortSignal): AsyncIterable<Buffer>;
}

export interface Command {
  readonly argv: readonly [program: string, ...args: string[]];
  readonly deadlineMs: number;
  /** What the program reads. An iterable is asked for the next chunk when the program has taken the one before; when it throws, the program is ended and its error thrown. */
  readonly input?: string | AsyncIterable<Uint8Array>;
  /** Exit codes that are answers, not failures. Default: 0. */
  readonly okExitCodes?: readonly number[];
  /** Kept of each stream; what is beyond is dropped from the middle. Default 64 KiB. */
  readonly maxOutputBytes?: number;
  /** Asked of each whole line that the program prints to stderr. When it says true the program is ended, and fails: nothing can come of it any more. */
  readonly givesUpOn?: (line: string) => boolean;
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Mounts of this process's mount namespace. Everything is read from /proc/self/mountinfo; nothing is remembered. */
export interface Mounts {
  list(signal: AbortSignal): Promise<readonly MountEntry[]>;
  /** The topmost mount whose mount point is exactly `path`, if any. Never touches the path itself. */
  findAt(path: string, signal: AbortSignal): Promise<MountEntry | undefined>;
  /** The mount that holds `path` (longest prefix, topmost). Throws when there is none. */
  getHolding(path: string, signal: AbortSignal): Promise<MountEntry>;
  /** Every mount of what lies at or below `path` of the file system that holds it (bind mounts elsewhere, by device and root). */
  listOf(path: string, signal: AbortSignal): Promise<readonly MountEntry[]>;
  /** Every mount, of whatever, whose mount point is `path` or lies below it. */
  listBelow(path: string, signal: AbortSignal): Promise<readonly MountEntry[]>;
  mount(options: MountOptions, signal: AbortSignal): Promise<void>;
  /** Bind-mounts a directory or file onto an existing one; a read-only one is remounted before it is of use to anybody. Unwinds on failure. */
  bind(options: BindOptions, signal: AbortSignal): Promise<void>;
  /** Unmounts the topmost mount at `path`. Nothing mounted is fine. Throws VOLUME_IN_USE (DriverError) when it is busy. */
  unmount(path: string, signal: AbortSignal): Promise<void>;
}

export interface MountOptions {
  readonly source: string;
  readonly target: string;
  readonly fsType: string;
  readonly readOnly: boolean;
  /** Option words: those of mount(8) that are flags become flags, the rest is the file system's data. */
  readonly options: readonly string[];
}

export interface BindOptions {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Only words that are per-mount flags: `nosuid`, `nodev`, `noexec`, `noatime`, `nodiratime`, `relatime`. */
  readonly options: readonly string[];
}

/** Loop devices, found by (device, inode) of their file, never by its path. */
export interface Loops {
  /** All devices over this file; normally none or one. */
  listOf(file: string, signal: AbortSignal): Promise<readonly LoopDevice[]>;
  /**
   * The device over this file, attached now if there is none; a detach of it that waits for its last user is taken back. Idempotent. Throws
   * PRECONDITION_FAILED when somebody has attached a part of the file only.
   */
  ensure(options: LoopOptions, signal: AbortSignal): Promise<LoopDevice>;
  /**
   * Makes sure that a device stays over this file: a detach that waits for its last user is taken back. Throws OPERATION_PENDING when it is
   * over it no longer, and PRECONDITION_FAILED when it shows a part of it only. Idempotent; the device as it is then.
   */
  keep(file: string, device: LoopDevice, signal: AbortSignal): Promise<LoopDevice>;
  /** Detaches the file's devices and returns once each opens exclusively or is gone; busy is OPERATION_PENDING (DriverError). */
  detachAll(file: string, signal: AbortSignal): Promise<void>;
  /** Lets the device see the file's new size, while it is in use. */
  resize(device: string, signal: AbortSignal): Promise<void>;
}

export interface LoopOptions {
  readonly file: string;
  readonly readOnly: boolean;
  readonly sectorSizeBytes: number;
}

export interface LoopDevice {
  /** `/dev/loop7` */
  readonly device: string;
  /** `7:7`, as mountinfo has it. */
  readonly majorMinor: string;
  readonly readOnly: boolean;
  /** It goes as soon as nobody has it open, and its number to whoever comes first: of no use until it is kept. */
  readonly detaching: boolean;
  /** Somebody attached a part of the file only. */
  readonly partial: boolean;
}

/** Freezing a file system for the moment in which it is cloned. */
export interface Freezer {
  /**
   * Freezes the file system mounted at `path`, runs `work`, thaws; thaws also when this process dies (a helper holds the freeze)
   * and after `maxFrozenMs` at the latest. Throws OPERATION_PENDING (DriverError) when somebody else has it frozen.
   */
  whileFrozen<T>(options: FreezeOptions, work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Thaws what an earlier life of this program left frozen (write-ahead records in the run directory). Called before serving. */
  recover(signal: AbortSignal): Promise<readonly string[]>;
}

export interface FreezeOptions {
  readonly path: string;
  readonly maxFrozenMs: number;
}

/** Work on whole trees, done by coreutils in a child that sees nothing but /usr, the source and the target. */
export interface Trees {
  /** Removes a directory and everything in it. Missing is fine. Refuses (PRECONDITION_FAILED) a tree that something is mounted in. Idempotent. */
  remove(path: string, signal: AbortSignal): Promise<void>;
  /**
   * Copies the contents of `source` into the existing, empty directory `target`, with owners, modes, times, xattrs, hard links, holes.
   * `reflink: 'always'` fails where it cannot share blocks.
   */
  copy(options: CopyTreeOptions, signal: AbortSignal): Promise<void>;
  /**
   * The contents of `source` as an archive in the pax format, with all that `copy` keeps but sockets. As long as nothing in the tree changes, it is the same
   * to the byte every time. Whoever leaves the loop early ends the work.
   */
  pack(source: string, signal: AbortSignal): AsyncIterable<Buffer>;
  /** Unpacks what {@link Trees.pack} made into the existing, empty directory `target`. Throws NO_ROOM; what `archive` throws. */
  unpack(options: UnpackTreeOptions, signal: AbortSignal): Promise<void>;
  /** Gives a directory and all files and directories in it a project id (xfs, ext4). Other inodes have none to give. Throws PRECONDITION_FAILED. Idempotent. */
  assignProject(options: AssignProjectOptions, signal: AbortSignal): Promise<void>;
  /**
   * Allocated bytes and number of inodes (du). What disappears meanwhile is left out, and so is what a server does not let root look into: the log says so. Throws when
   * that is the whole tree.
   */
  measure(
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly usedBytes: number; readonly usedInodes: number }>;
}

export interface UnpackTreeOptions {
  readonly archive: AsyncIterable<Uint8Array>;
  readonly target: string;
}

export interface AssignProjectOptions {
  readonly path: string;
  readonly projectId: number;
  /** Whether what is made in its directories later gets the id, too. */
  readonly inherit: boolean;
}

export interface CopyTreeOptions {
  readonly source: string;
  readonly target: string;
  readonly reflink: 'always' | 'auto';
}
