/** CSI access modes, by the names of the spec (`VolumeCapability.AccessMode.Mode`). */
export const ACCESS_MODES = [
  'SINGLE_NODE_WRITER',
  'SINGLE_NODE_READER_ONLY',
  'MULTI_NODE_READER_ONLY',
  'MULTI_NODE_SINGLE_WRITER',
  'MULTI_NODE_MULTI_WRITER',
  'SINGLE_NODE_SINGLE_WRITER',
  'SINGLE_NODE_MULTI_WRITER',
] as const;
export type AccessMode = (typeof ACCESS_MODES)[number];

/** File systems that an image can hold; ext4 when nothing is asked. */
export const FS_TYPES = ['ext4', 'xfs', 'btrfs'] as const;
export type FsType = (typeof FS_TYPES)[number];

/** Use as a mounted file system. */
export interface MountAccess {
  readonly kind: 'mount';
  /** As asked by the caller: undefined when left open. */
  readonly fsType: FsType | undefined;
  /** Mount options as words, for instance `noatime`. */
  readonly mountFlags: readonly string[];
  /** The group that the volume is to be of (CSI VOLUME_MOUNT_GROUP); only where the backend takes one. */
  readonly mountGroup?: number;
}

/** Use as a raw block device. */
export interface BlockAccess {
  readonly kind: 'block';
}

/** One way in which a volume is to be used. */
export interface VolumeCapability {
  readonly access: MountAccess | BlockAccess;
  readonly mode: AccessMode;
}

/** Whether a mode lets nobody write. */
export function isReadOnlyMode(mode: AccessMode): boolean {
  return mode === 'SINGLE_NODE_READER_ONLY' || mode === 'MULTI_NODE_READER_ONLY';
}
