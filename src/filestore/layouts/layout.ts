import type { FsType } from '../../domain/access.ts';
import type { VolumeHealthStatus } from '../../domain/health.ts';
import type { ContentPiece } from '../content/content.ts';
import type { VolumeOwner } from '../file-store.ts';
import type { JobHandle } from '../jobs.ts';
import type { Kept, Layout, SnapshotRecord } from '../records.ts';

/** How volumes of one layout are kept. To add a layout: a file beside this, a variant in records.ts, a line in open-store.ts. */
export interface LayoutKind {
  readonly layout: Layout;
  /** Name of the content in the object's directory. */
  readonly contentName: string;
  /** Makes empty content in a staged directory. Its directory is discarded when this throws. */
  createEmpty(target: NewContent, signal: AbortSignal): Promise<Kept>;
  /**
   * Makes content from that of a volume or snapshot, at least as large. Throws PRECONDITION_FAILED where the source's use forbids it, and
   * OPERATION_PENDING when the source has become larger than what is made.
   */
  copy(target: NewContent, source: SourceContent, job: JobHandle): Promise<Kept>;
  /** Duplicates a volume's content as it is at one moment. */
  cut(directory: string, source: SourceContent, job: JobHandle): Promise<Cut>;
  /** The content as it travels to another store: the pieces at and after a position that is 0 or where a piece ended. Nobody changes it meanwhile. */
  readPieces(content: Content, from: number, signal: AbortSignal): AsyncIterable<ContentPiece>;
  /**
   * Makes content from the pieces of another store's, which are from its beginning, and in their order. What is kept there decides what is not planned. Throws what `pieces` throws.
   */
  receive(target: NewContent, incoming: IncomingContent, signal: AbortSignal): Promise<Kept>;
  /** Raises the size. Already that large is fine; never shrinks. Throws PRECONDITION_FAILED where the size cannot be enforced any more. */
  grow(content: Content, capacityBytes: number, signal: AbortSignal): Promise<void>;
  /** What the content has for its size by itself, which a cut short expansion leaves larger than the record says. Undefined where only the record says. */
  findSizeBytes(content: Content): Promise<number | undefined>;
  /** What the content occupies. Cheap: from the quota, or the file's blocks. */
  measure(content: Content, signal: AbortSignal): Promise<ContentUsage>;
  /** Who uses the content now on this machine: `it is mounted at …`. Undefined when nobody does. */
  findUse(content: Content, signal: AbortSignal): Promise<string | undefined>;
  /** What is wrong with the content beyond its being there. */
  findTroubles(content: SizedContent, signal: AbortSignal): Promise<readonly VolumeHealthStatus[]>;
  /** Left out where what others made cannot become content without being copied. */
  readonly adoption?: ContentAdoption;
}

/** What others made, taken over as it is. */
export interface ContentAdoption {
  /** Makes what is at the content's place in a directory content of this layout. Can be repeated after it was cut short. Throws SIZE_OUT_OF_RANGE. */
  take(target: NewContent, signal: AbortSignal): Promise<Kept>;
  /** The reverse, before it goes back to a place in `parent`. */
  letGo(target: { readonly directory: string; readonly parent: string }, signal: AbortSignal): Promise<void>;
}

/** What content is made to be. */
export interface ContentPlan {
  readonly capacityBytes: number;
  readonly accessType: 'mount' | 'block';
  /** Of an image for `mount`. */
  readonly fsType: FsType | undefined;
  /** Whether a directory gets a limit. */
  readonly isLimited: boolean;
  readonly preallocate: boolean;
  readonly owner: VolumeOwner;
}

export interface NewContent {
  /** The staged directory that gets the content. */
  readonly directory: string;
  readonly plan: ContentPlan;
}

export interface IncomingContent {
  readonly kept: Kept;
  readonly usedBytes: number;
  readonly pieces: AsyncIterable<ContentPiece>;
}

export interface Content {
  readonly path: string;
  readonly kept: Kept;
}

export interface SizedContent extends Content {
  readonly capacityBytes: number;
}

export interface SourceContent extends SizedContent {
  readonly kind: 'volume' | 'snapshot';
  readonly id: string;
  /** What may share blocks with it is of the same. */
  readonly family: string;
}

export interface Cut {
  readonly kept: Kept;
  readonly heldBytes: number;
  /** As in {@link LayoutKind.findSizeBytes}, of what was cut. */
  readonly sizeBytes?: number;
  readonly consistency: SnapshotRecord['consistency'];
}

export interface ContentUsage {
  readonly usedBytes: number;
  /** What of it certainly no other content shares. Left out where nobody can say. */
  readonly exclusiveBytes?: number | undefined;
  /** Undefined where nobody counts them. */
  readonly usedInodes: number | undefined;
}
