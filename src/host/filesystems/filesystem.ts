import type { FsType } from '../../domain/access.ts';

/** What this project knows of one kind of file system. To add one: a file beside this and a line in index.ts. */
export interface Filesystem {
  readonly type: FsType;
  /** The least device that `make` accepts. */
  readonly minimumBytes: number;
  /** Programs that have to be on PATH, and the Debian package that has them. */
  readonly programs: readonly string[];
  readonly debianPackage: string;
  /** Mount options that are always given: xfs `nouuid`, since clones share an identity; btrfs `nodiscard`. */
  readonly mountOptions: readonly string[];
  /** Makes the file system. Only the formatter calls it: it asks nothing. */
  make(device: string, options: MakeOptions, signal: AbortSignal): Promise<void>;
  /**
   * Checks and repairs what is safe to repair, unmounted (e2fsck -p and the like; a journal is left to the mount). Throws
   * PRECONDITION_FAILED (DriverError) when it needs a person.
   */
  check(device: string, signal: AbortSignal): Promise<void>;
  /**
   * Grows to the whole device; with `mountPoint` online, else before it is mounted. Already there is fine. Growing that has begun before the mount
   * is not broken off by the signal: it settles when it is done.
   */
  grow(target: GrowTarget, signal: AbortSignal): Promise<void>;
  /** How `grow` works: some file systems grow only while they are mounted. */
  readonly growsOffline: boolean;
  /** Gives a clone an identity of its own, unmounted, where two of the same cannot be mounted at once. */
  readonly renewIdentity?: (device: string, signal: AbortSignal) => Promise<void>;
}

export interface MakeOptions {
  /** At most 12 characters. */
  readonly label: string;
  /** Where the file system ends: a multiple of 4 KiB. Default: the whole device. What is behind is neither read nor written. */
  readonly sizeBytes?: number;
}

export interface GrowTarget {
  readonly device: string;
  readonly mountPoint: string | undefined;
}
