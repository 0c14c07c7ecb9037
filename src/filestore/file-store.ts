import type { FsType } from '../domain/access.ts';
import type { CapacityRange } from '../domain/capacity.ts';
import type { StorageHealthStatus, VolumeHealthStatus } from '../domain/health.ts';
import type { ContentSource, Page, PageRequest } from '../domain/volume.ts';
import type { ContentOrigin, ContentRequest, OpenContent } from './content/content.ts';
import type { Layout, SnapshotRecord, VolumeRecord } from './records.ts';

/**
 * The volumes and snapshots below one root directory. Implementations: local (this folder), later remote (agent/). One
 * contract suite (test/contract/file-store.ts) holds for all.
 *
 * Every method is idempotent and safe against SIGKILL at any point: a thing exists when its directory has its final
 * name. `signal` ends the wait; a copy goes on as a job that the next identical call joins. Ids that are malformed, of
 * another pool or of another generation are *unknown*. All throw DriverError; POOL_UNAVAILABLE when the storage does
 * not answer.
 */
export interface FileStore {
  readonly poolId: string;
  readonly abilities: StoreAbilities;

  /**
   * Makes the volume, or returns the one that has this name. Throws VOLUME_INCOMPATIBLE when that one differs from what
   * is asked; VOLUME_NOT_FOUND or SNAPSHOT_NOT_FOUND for the source; SIZE_OUT_OF_RANGE; NO_ROOM; INVALID_ARGUMENT for a layout or quota that the pool
   * can't honour; OPERATION_PENDING with progress while its content is being copied.
   */
  createVolume(request: CreateVolumeRequest, signal: AbortSignal): Promise<VolumeRecord>;
  /** Answers once the volume is in the trash; its blocks are freed in the background. Unknown is fine. Throws VOLUME_IN_USE while a mount or loop shows it. */
  deleteVolume(request: { readonly id: string }, signal: AbortSignal): Promise<void>;
  findVolume(request: { readonly id: string }, signal: AbortSignal): Promise<VolumeRecord | undefined>;
  findVolumeByName(
    request: { readonly name: string },
    signal: AbortSignal,
  ): Promise<VolumeRecord | undefined>;
  /** Ordered by id. A token is the last id of the page before; it survives the deletion of that volume. */
  listVolumes(request: PageRequest, signal: AbortSignal): Promise<Page<VolumeRecord>>;
  /** Raises the size (never lowers: already that large is fine). For images the file grows; the loop and the file system follow on the node. */
  expandVolume(request: ExpandVolumeRequest, signal: AbortSignal): Promise<VolumeRecord>;

  /** Cuts a snapshot, or returns the one that has this name. Throws SNAPSHOT_INCOMPATIBLE for another source, VOLUME_NOT_FOUND, NO_ROOM, OPERATION_PENDING while it is being cut. */
  createSnapshot(request: CreateSnapshotRequest, signal: AbortSignal): Promise<SnapshotRecord>;
  deleteSnapshot(request: { readonly id: string }, signal: AbortSignal): Promise<void>;
  findSnapshot(request: { readonly id: string }, signal: AbortSignal): Promise<SnapshotRecord | undefined>;
  findSnapshotByName(
    request: { readonly name: string },
    signal: AbortSignal,
  ): Promise<SnapshotRecord | undefined>;
  listSnapshots(request: ListSnapshotsRequest, signal: AbortSignal): Promise<Page<SnapshotRecord>>;

  getRoom(signal: AbortSignal): Promise<StoreRoom>;
  /** The room as it was a moment ago; undefined when nobody has asked lately. Only where asking costs more than who just looks is worth. */
  peekRoom?(): StoreRoom | undefined;
  /** Bytes and inodes of the volume, from its quota or its file. Throws VOLUME_NOT_FOUND. */
  getUsage(request: { readonly id: string }, signal: AbortSignal): Promise<VolumeUsage>;
  /** Empty when healthy. Throws VOLUME_NOT_FOUND. */
  getVolumeHealth(
    request: { readonly id: string },
    signal: AbortSignal,
  ): Promise<readonly VolumeHealthStatus[]>;
  /** Of the pool itself: read-only, nearly full, unreachable. */
  getHealth(signal: AbortSignal): Promise<readonly StorageHealthStatus[]>;
}

/** A store on this machine: the node half needs paths, which never leave it. */
export interface LocalFileStore extends FileStore {
  /** Where the volume is. Throws VOLUME_NOT_FOUND. */
  locate(request: { readonly id: string }, signal: AbortSignal): Promise<VolumeLocation>;
  /**
   * Opens the content of a snapshot or volume, for a volume of another store. A volume is cut for it. Throws VOLUME_NOT_FOUND, SNAPSHOT_NOT_FOUND, NO_ROOM for the cut,
   * OPERATION_PENDING while it is being made.
   */
  openContent(request: ContentRequest, signal: AbortSignal): Promise<OpenContent>;
  /** Notes that a cloned image's file system has an identity of its own now. */
  markIdentityRenewed(request: { readonly id: string }, signal: AbortSignal): Promise<void>;
  /** Notes that the root of a cloned image has the owner and bits that were asked for. */
  markOwnerApplied(request: { readonly id: string }, signal: AbortSignal): Promise<void>;
  /** Whether work goes on that no call waits for: copies, emptying the trash. Left out: unknown. */
  isBusy?(): boolean;
  /** Stops jobs and background removal; what they left is swept at the next start. */
  close(): Promise<void>;
}

/** A local store that can take over what others made. */
export interface AdoptingFileStore extends LocalFileStore {
  /**
   * Makes a directory that lies in the pool the content of a new volume, by renaming it; its owners and bits stay. One that was taken over by an earlier
   * call, which may have been killed, is found and finished. What cannot become the volume goes back to its place. Throws PATH_NOT_FOUND, VOLUME_INCOMPATIBLE when the name
   * is taken by another volume, VOLUME_IN_USE, SIZE_OUT_OF_RANGE, NO_ROOM, PRECONDITION_FAILED.
   */
  adoptVolume(request: AdoptVolumeRequest, signal: AbortSignal): Promise<VolumeRecord>;
}

export interface AdoptVolumeRequest extends Pick<CreateVolumeRequest, 'name' | 'quota' | 'claim'> {
  /** Below the root of the pool, as in `default/website`. */
  readonly directory: string;
  readonly capacityBytes: number;
}

export interface VolumeLocation {
  readonly record: VolumeRecord;
  /** The tree (`directory`) or the file (`image`). */
  readonly path: string;
}

/** What a pool can do, found by trying at the time it is opened. */
export interface StoreAbilities {
  /** `none` when directories cannot be limited here. */
  readonly quota: 'project' | 'qgroup' | 'none';
  /** Whether the quota binds root too; decides what `layout: auto` takes. */
  readonly quotaIsHard: boolean;
  /** How images are duplicated. */
  readonly imageCopying: 'instant' | 'copy';
  /** How trees are duplicated. */
  readonly treeCopying: 'instant' | 'reflink' | 'plain';
  /** The file system of the pool: `xfs`, `btrfs`, `ext2/ext3`… */
  readonly fsType: string;
}

export interface CreateVolumeRequest {
  /** The CSI name. */
  readonly name: string;
  readonly range: CapacityRange | undefined;
  readonly accessType: 'mount' | 'block';
  readonly fsType: FsType | undefined;
  readonly layout: Layout | 'auto';
  readonly quota: 'required' | 'none';
  readonly isolation: 'standard' | 'strict';
  readonly preallocate: boolean;
  /** Owner and permission bits of the volume's root; undefined leaves 0:0 and 0750. For images applied by the node after mkfs. */
  readonly owner: VolumeOwner;
  /** What becomes of the content when the volume is deleted. Default: it is removed. */
  readonly onDelete?: OnDelete | undefined;
  readonly source: ContentSource | undefined;
  /** Where the source is when it is in another pool; it is then copied from there. Says nothing of what is asked: another one makes no other request. */
  readonly origin?: ContentOrigin | undefined;
  readonly claim: { readonly namespace: string; readonly name: string } | undefined;
  /** The parameters as asked, for the comparison with an existing volume. */
  readonly askedParameters: Readonly<Record<string, string>>;
}

/** `retain` and `archive` set the volume aside for people: by its id in retained/, by its claim and the time in archived/ of the pool. */
export type OnDelete = 'delete' | 'retain' | 'archive';

export interface VolumeOwner {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly mode: number | undefined;
}

export interface ExpandVolumeRequest {
  readonly id: string;
  readonly range: CapacityRange;
}

export interface CreateSnapshotRequest {
  readonly name: string;
  readonly sourceVolumeId: string;
}

export interface ListSnapshotsRequest extends PageRequest {
  readonly sourceVolumeId: string | undefined;
}

/** What a pool has promised, holds and can still promise. */
export interface StoreRoom {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly promisedBytes: number;
  /** What a new volume may ask for: never more than is free or left of total × overcommit. */
  readonly availableBytes: number;
}

export interface VolumeUsage {
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly usedInodes: number | undefined;
}
