/**
 * The system calls that Node.js does not offer. Each runs synchronously in a worker thread of a small pool, so that one
 * that hangs stops nobody else. All throw SystemCallError; sizes are bytes; `signal` ends the wait, not the call.
 * Paths of volumes are opened with O_NOFOLLOW at their last component.
 */
export interface Syscalls {
  /** mount(2). `flags` are names of MS_* flags in lower case; `data` is the file system's own options. */
  mount(call: MountCall, signal: AbortSignal): Promise<void>;
  /** Bind-mounts in one step: nobody, whatever happens, sees the mount without its flags. What the source's mount has stays. */
  bindMount(call: BindMountCall, signal: AbortSignal): Promise<void>;
  /** umount2(2), always with UMOUNT_NOFOLLOW. `detach` adds MNT_DETACH: for network mounts only. */
  unmount(call: { readonly target: string; readonly detach?: boolean }, signal: AbortSignal): Promise<void>;
  statfs(call: { readonly path: string }, signal: AbortSignal): Promise<FileSystemUse>;
  /** syncfs(2) of the file system that holds `path`. */
  syncFileSystem(call: { readonly path: string }, signal: AbortSignal): Promise<void>;

  /** Attaches a free loop device to a file (LOOP_CTL_GET_FREE, LOOP_CONFIGURE), retrying when another process wins it. */
  attachLoop(call: AttachLoopCall, signal: AbortSignal): Promise<LoopAddress>;
  /**
   * LOOP_CLR_FD, if the device is still over this file: its number may have gone to another one. A device that is not attached is
   * fine. One that is open elsewhere goes when it is closed there, and is `detaching` until then.
   */
  detachLoop(call: LoopCall, signal: AbortSignal): Promise<void>;
  /**
   * LOOP_SET_STATUS64: takes back a detach that waits for the last user. False when the device is no longer over this file; when true
   * it is, until the next {@link Syscalls.detachLoop}. Idempotent.
   */
  keepLoop(call: LoopCall, signal: AbortSignal): Promise<boolean>;
  /** LOOP_SET_CAPACITY: takes over the file's new size. */
  resizeLoop(call: { readonly device: string }, signal: AbortSignal): Promise<void>;
  /** LOOP_GET_STATUS64: which file is behind a device; undefined when none is. */
  getLoop(call: { readonly device: string }, signal: AbortSignal): Promise<LoopStatus | undefined>;
  /**
   * Every attached loop device with the file behind it, by one pass over /sys/block. With `fileName` only those whose file has this name: the
   * status of a device over storage that does not answer is not asked for on another's account.
   */
  listLoops(call: { readonly fileName?: string }, signal: AbortSignal): Promise<readonly AttachedLoop[]>;
  /** BLKGETSIZE64. */
  getDeviceSize(
    call: { readonly device: string },
    signal: AbortSignal,
  ): Promise<{ readonly sizeBytes: number }>;
  /** Opens with O_EXCL and closes: throws EBUSY while a mount or another holder has the device. */
  probeExclusive(call: { readonly device: string }, signal: AbortSignal): Promise<void>;
  /** BLKFLSBUF after fsync: writes back and forgets cached pages of a device. */
  flushDevice(call: { readonly device: string }, signal: AbortSignal): Promise<void>;

  /** FICLONE of a whole regular file into an existing, empty one. Throws EOPNOTSUPP, EXDEV or EINVAL where it can't. */
  cloneFile(call: { readonly source: string; readonly target: string }, signal: AbortSignal): Promise<void>;
  /** copy_file_range(2) of one range; returns how much was copied (0 at the end of the source). */
  copyRange(call: CopyRangeCall, signal: AbortSignal): Promise<{ readonly copiedBytes: number }>;
  /** SEEK_DATA and SEEK_HOLE: the next data at or after an offset; undefined when only a hole follows. */
  findData(
    call: { readonly path: string; readonly offset: number },
    signal: AbortSignal,
  ): Promise<DataRange | undefined>;
  /** fallocate(2): makes blocks of the range real. Throws ENOSPC or EOPNOTSUPP. */
  allocate(call: AllocateCall, signal: AbortSignal): Promise<void>;

  /**
   * flock(2), exclusively and without waiting, of a file that is made if it is missing. It holds until the handle is given back or this
   * process ends, in whatever way. Throws EAGAIN while another handle, here or in another process, has it.
   */
  lockFile(call: { readonly path: string }, signal: AbortSignal): Promise<{ readonly handle: number }>;
  /** Gives back what {@link Syscalls.lockFile} took: once. */
  unlockFile(call: { readonly handle: number }, signal: AbortSignal): Promise<void>;

  /** FIFREEZE / FITHAW of the file system mounted at `path`. Throws EBUSY / EINVAL when it is (not) frozen. */
  freeze(call: { readonly path: string }, signal: AbortSignal): Promise<void>;
  thaw(call: { readonly path: string }, signal: AbortSignal): Promise<void>;

  /** FS_IOC_FSGETXATTR / FS_IOC_FSSETXATTR: the project id of a file or directory, and whether new children inherit it. */
  getProject(call: { readonly path: string }, signal: AbortSignal): Promise<ProjectAttributes>;
  setProject(call: { readonly path: string } & ProjectAttributes, signal: AbortSignal): Promise<void>;
  /** Project quota by quotactl_fd(2) (Q_XGETQUOTA, Q_XSETQLIM) on the file system that holds `path`. Throws ESRCH, ENOSYS, ENOTSUP where it has none. A project that was never charged is all zeros. */
  getProjectQuota(
    call: { readonly path: string; readonly projectId: number },
    signal: AbortSignal,
  ): Promise<ProjectQuota>;
  setProjectQuota(call: SetProjectQuotaCall, signal: AbortSignal): Promise<void>;
  /** Q_XGETNEXTQUOTA: the first project at or after `fromId` that has a quota; undefined after the last. */
  findNextProjectQuota(
    call: { readonly path: string; readonly fromId: number },
    signal: AbortSignal,
  ): Promise<ProjectQuota | undefined>;

  /** Makes a subvolume at `path`. */
  createSubvolume(call: { readonly path: string }, signal: AbortSignal): Promise<void>;
  /** A writable or read-only snapshot of subvolume `source` at `target`. */
  snapshotSubvolume(call: SnapshotSubvolumeCall, signal: AbortSignal): Promise<void>;
  /**
   * BTRFS_IOC_SNAP_DESTROY of a subvolume wherever it is and whatever its name. Throws ENOTEMPTY while other subvolumes are inside, ENOENT when there is
   * none of this id, EPERM when it or its parent is immutable.
   */
  deleteSubvolume(call: SubvolumeCall, signal: AbortSignal): Promise<void>;
  /** The id of the subvolume whose root is `path`; undefined when `path` is not the root of one. */
  findSubvolumeId(
    call: { readonly path: string },
    signal: AbortSignal,
  ): Promise<{ readonly subvolumeId: number } | undefined>;
  setSubvolumeReadOnly(
    call: { readonly path: string; readonly readOnly: boolean },
    signal: AbortSignal,
  ): Promise<void>;
  /** The subvolumes below `path`, those that are in others first. */
  listSubvolumes(call: { readonly path: string }, signal: AbortSignal): Promise<readonly NestedSubvolume[]>;
  /** Lets things be deleted in a subvolume (of the file system that holds `path`) that may be read-only, wherever it is and whatever its name. */
  openUpSubvolume(call: SubvolumeCall, signal: AbortSignal): Promise<void>;
  /** Switches quotas on (BTRFS_QUOTA_CTL_ENABLE); fine when they are. What is there already is counted in the background. */
  enableBtrfsQuota(call: { readonly path: string }, signal: AbortSignal): Promise<void>;
  /**
   * Has btrfs count anew where it lost count (qgroup-inconsistent): limits do not hold before that is done. Returns whether it counts now, also what was there
   * before quotas were on.
   */
  rescanLostQgroups(call: { readonly path: string }, signal: AbortSignal): Promise<boolean>;
  /** Limits what the subvolume at `path` refers to (max_rfer of qgroup 0/id); undefined lifts the limit. */
  setQgroupLimit(
    call: { readonly path: string; readonly limitBytes: number | undefined },
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Usage and limit of qgroup 0/id by a tree search. Usage is as of the last commit: syncFileSystem first where it must
   * be exact. Throws ENOENT when quotas are off or the group is missing.
   */
  getQgroup(call: { readonly path: string }, signal: AbortSignal): Promise<Qgroup>;
  /**
   * Removes qgroup 0/id, left behind by a deleted subvolume; a missing one is fine. Throws EBUSY until the kernel's cleaner
   * has let go of the subvolume, and hurries it: ask again a little later.
   */
  removeQgroup(
    call: { readonly path: string; readonly subvolumeId: number },
    signal: AbortSignal,
  ): Promise<void>;

  /** Online growth to the whole device, by the file system's own ioctl: EXT4_IOC_RESIZE_FS, XFS_IOC_FSGROWFSDATA, BTRFS_IOC_RESIZE. */
  growExt4(call: { readonly path: string; readonly sizeBytes: number }, signal: AbortSignal): Promise<void>;
  growXfs(call: { readonly path: string; readonly sizeBytes: number }, signal: AbortSignal): Promise<void>;
  growBtrfs(call: { readonly path: string }, signal: AbortSignal): Promise<void>;

  /**
   * How many calls hang: their callers have left and they have not returned. Each holds a thread, and process.exit waits
   * for it: only SIGKILL ends the process then.
   */
  countStuck(): number;
  /** Ends the pool of workers. Calls under way are abandoned. */
  close(): Promise<void>;
}

export type MountFlag =
  | 'ro'
  | 'nosuid'
  | 'nodev'
  | 'noexec'
  | 'sync'
  | 'dirsync'
  | 'noatime'
  | 'nodiratime'
  | 'relatime'
  | 'strictatime'
  | 'lazytime'
  | 'nosymfollow'
  | 'bind'
  | 'rec'
  | 'remount'
  | 'private'
  | 'shared'
  | 'silent';

/** Flags that belong to one mount and not to its superblock. */
export type BindFlag =
  | 'ro'
  | 'nosuid'
  | 'nodev'
  | 'noexec'
  | 'noatime'
  | 'nodiratime'
  | 'relatime'
  | 'nosymfollow';

export interface BindMountCall {
  readonly source: string;
  readonly target: string;
  readonly flags: readonly BindFlag[];
}

export interface MountCall {
  readonly source: string;
  readonly target: string;
  readonly fsType?: string;
  readonly flags: readonly MountFlag[];
  readonly data?: string;
}

export interface FileSystemUse {
  /** The file system's magic number (statfs.f_type). */
  readonly type: number;
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** Free to others than root. */
  readonly availableBytes: number;
  readonly totalInodes: number;
  readonly freeInodes: number;
  readonly readOnly: boolean;
}

export interface AttachLoopCall {
  readonly file: string;
  readonly readOnly: boolean;
  /** Direct I/O on the backing file: no page is cached twice. Where the file system refuses it, buffered. */
  readonly directIo: boolean;
  /** Logical block size, a power of two from 512 to 4096. */
  readonly sectorSizeBytes: number;
}

/** st_dev of the backing file in the kernel's encoding, and its inode: what identifies it in every mount namespace. */
export interface LoopBacking {
  readonly backingDevice: bigint;
  readonly backingInode: bigint;
}

/** A device, as long as it is over this file. */
export interface LoopCall extends LoopBacking {
  readonly device: string;
}

export interface LoopStatus extends LoopBacking {
  readonly readOnly: boolean;
  readonly directIo: boolean;
  /** The kernel detaches it as soon as nobody has it open (LO_FLAGS_AUTOCLEAR). */
  readonly detaching: boolean;
  /** It shows a part of the file only (an offset or a size limit), which this program never asks for. */
  readonly partial: boolean;
}

export interface LoopAddress {
  /** `/dev/loop7` */
  readonly device: string;
  /** `7:7`, as mountinfo has it. */
  readonly majorMinor: string;
}

export interface AttachedLoop extends LoopStatus, LoopAddress {}

export interface AllocateCall {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  /** Whether blocks beyond the end of the file leave its size as it is. Default: the file grows. */
  readonly keepSize?: boolean;
}

export interface CopyRangeCall {
  readonly source: string;
  readonly target: string;
  readonly offset: number;
  readonly length: number;
}

export interface DataRange {
  readonly offset: number;
  readonly length: number;
}

export interface ProjectAttributes {
  readonly projectId: number;
  readonly inherit: boolean;
}

export interface ProjectQuota {
  readonly projectId: number;
  readonly usedBytes: number;
  readonly usedInodes: number;
  /** Hard limits; 0 is none. */
  readonly limitBytes: number;
  readonly limitInodes: number;
}

export interface SetProjectQuotaCall {
  readonly path: string;
  readonly projectId: number;
  /** Hard limit; 0 lifts it. */
  readonly limitBytes: number;
}

export interface NestedSubvolume {
  readonly subvolumeId: number;
  /** Relative, and for people only: names need not be text, and what is too long begins with `…`. */
  readonly path: string;
}

export interface SubvolumeCall {
  /** Any directory of the file system. */
  readonly path: string;
  readonly subvolumeId: number;
}

export interface SnapshotSubvolumeCall {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

export interface Qgroup {
  readonly subvolumeId: number;
  /** Bytes that the subvolume refers to, shared or not. */
  readonly referencedBytes: number;
  readonly exclusiveBytes: number;
  /** Undefined is no limit. */
  readonly limitBytes: number | undefined;
}
