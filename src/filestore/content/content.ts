import type { ContentSource } from '../../domain/volume.ts';
import type { Kept } from '../records.ts';

/** Longest piece of content that travels at once. Images are cut at its multiples, archives of trees into pieces of this size. */
export const PIECE_BYTES = 1024 * 1024;

/** What is known of content before any of it travels. */
export interface ContentFacts {
  /** Other content has another tag: what was begun under one is not continued under another. */
  readonly tag: string;
  readonly kept: Kept;
  /** The least size of a volume that takes it. */
  readonly capacityBytes: number;
  /** About how much will travel, to say how far it is. */
  readonly usedBytes: number;
}

/** Some bytes of content: of an image at this offset, of a tree at this offset of its archive. */
export interface ContentPiece {
  readonly position: number;
  /** Never empty, never longer than {@link PIECE_BYTES}. */
  readonly data: Buffer;
  /** CRC-32 of the data. */
  readonly checksum: number;
  /** May be called once, when nobody needs the data any more: its memory is then used for another piece. */
  readonly release?: () => void;
}

/** The last of a stream of content: the digest of all its pieces, those before a resumption included ({@link ContentDigest}). */
export interface ContentEnd {
  readonly digest: string;
}

/** Content that can be read. The same content gives the same pieces every time, whatever read them before. */
export interface OpenContent extends AsyncDisposable {
  readonly facts: ContentFacts;
  /** The pieces at and after a position, in their order, and the end. The position is 0 or where a piece ended. Not twice at once. */
  read(from: number, signal: AbortSignal): AsyncIterable<ContentPiece | ContentEnd>;
}

/** Whose content is read, and for whom. */
export interface ContentRequest {
  readonly source: ContentSource;
  /** The volume that is made from it: who asks again for the same one is given the same cut, as long as it is kept. */
  readonly target: ContentTarget;
}

/** The volume that takes content. */
export interface ContentTarget {
  readonly nodeName: string;
  readonly poolId: string;
  /** The CSI name. */
  readonly volumeName: string;
}

/** Where the source of a new volume is, when it is not in the volume's own store. */
export interface ContentOrigin {
  readonly nodeName: string;
  readonly poolId: string;
  /** The agent there: `host:port`. Undefined when it can be this program only. */
  readonly address: string | undefined;
  /** Signed by the controller: what lets the agent there hand the content out. Undefined when no agent has to be asked. */
  readonly ticket: string | undefined;
}

/** How whoever places a volume says where its source is. */
export interface ContentOrigins {
  /** For one volume at one place: another place needs another one. */
  createOrigin(options: {
    readonly source: ContentSource;
    /** The store that has the source. */
    readonly from: { readonly nodeName: string; readonly poolId: string };
    readonly target: ContentTarget;
  }): ContentOrigin;
}

/** Origins where all stores are in one program: nobody has to be asked for leave. */
export const localOrigins: ContentOrigins = {
  createOrigin: ({ from }) => ({ ...from, address: undefined, ticket: undefined }),
};

/** The way to content of other stores. */
export interface ContentSources {
  /**
   * Opens content for a volume that this node makes. Throws VOLUME_NOT_FOUND, SNAPSHOT_NOT_FOUND, PERMISSION_DENIED for a ticket that is not for this; OPERATION_PENDING while
   * a volume is being cut, POOL_UNAVAILABLE while the origin is not to be reached: ask again for both.
   */
  openContent(
    request: ContentRequest & { readonly origin: ContentOrigin },
    signal: AbortSignal,
  ): Promise<OpenContent>;
}
