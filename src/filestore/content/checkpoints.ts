import { ContentDigest } from './digest.ts';

/** So much is read again at most when a reading is resumed. */
const STEP_BYTES = 64 * 1024 * 1024;
/** The other side may be behind by what is in buffers on the way, which is less than this many steps. */
const KEPT_STEPS = 4;
const KEPT_TAGS = 32;

/** Where the digest of some content stood. */
export interface Checkpoint {
  /** Where a piece ended, or 0. */
  readonly position: number;
  /** To be copied before anything is added. */
  readonly digest: ContentDigest;
}

/** Remembers how the digests of content grew, so that a reading that is resumed need not begin at the beginning. In memory only: what is forgotten is read again. */
export class Checkpoints {
  readonly #kept = new Map<string, readonly Checkpoint[]>();

  /** The last checkpoint at or before a position: the beginning, if there is no other. */
  find(tag: string, position: number): Checkpoint {
    const known = this.#kept.get(tag)?.findLast((checkpoint) => checkpoint.position <= position);
    return known ?? { position: 0, digest: ContentDigest.create() };
  }

  /** Notes where a digest stands, unless that is known or too close to what is known. */
  note(tag: string, position: number, digest: ContentDigest): void {
    const known = this.#kept.get(tag) ?? [];
    if (position - (known.at(-1)?.position ?? 0) < STEP_BYTES) return;
    // Last in the order of insertion is last used.
    this.#kept.delete(tag);
    this.#kept.set(tag, [...known, { position, digest: digest.copy() }].slice(-KEPT_STEPS));
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > KEPT_TAGS) this.#kept.delete(oldest);
  }
}
