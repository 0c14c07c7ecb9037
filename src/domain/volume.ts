import type { Topology } from './topology.ts';

/** What a volume is filled from. */
export interface ContentSource {
  readonly kind: 'snapshot' | 'volume';
  readonly id: string;
}

/** A volume as callers see it. */
export interface Volume {
  readonly id: string;
  readonly capacityBytes: number;
  /** Immutable and not secret; handed to the node with every call. */
  readonly context: Readonly<Record<string, string>>;
  readonly source: ContentSource | undefined;
  /** Alternatives; empty means reachable from everywhere. */
  readonly accessibleTopology: readonly Topology[];
}

/** A snapshot as callers see it. */
export interface Snapshot {
  readonly id: string;
  readonly sourceVolumeId: string;
  /** The least size that a volume restored from it needs. */
  readonly sizeBytes: number;
  readonly createdAt: Date;
  readonly readyToUse: boolean;
  /** From where volumes made from it can be used. Alternatives; empty means from everywhere. */
  readonly accessibleTopology: readonly Topology[];
}

/** One page of a listing, ordered by id. `nextToken` is set if and only if there is more. */
export interface Page<T> {
  readonly entries: readonly T[];
  readonly nextToken: string | undefined;
}

/** Which page. The token is the id after which to go on; 0 entries means all. */
export interface PageRequest {
  readonly maxEntries: number;
  readonly startingToken: string | undefined;
}

/** Use of a mounted volume or of a device. */
export interface VolumeStats {
  readonly bytes: { readonly total: number; readonly used?: number; readonly available?: number };
  /** Left out for raw block, and where the file system has no limit of inodes to speak of. */
  readonly inodes?: { readonly total: number; readonly used: number; readonly available: number };
}
