import type {
  ContentEnd,
  ContentPiece,
  ContentSources,
  OpenContent,
} from '../../src/filestore/content/content.ts';
import type { LocalFileStore } from '../../src/filestore/file-store.ts';

type Part = ContentPiece | ContentEnd;

/** What happens to content on its way. */
export interface Mischief {
  /** Changes a part; or throws, as a connection does that is lost. */
  readonly onPart?: (part: Part, count: number) => Part | Promise<Part>;
  /** Changes the tag that content is given. */
  readonly onTag?: (tag: string) => string;
}

/** A way from one store to others in this process, on which things can go wrong. */
export interface ContentPath extends ContentSources {
  /** From where each reading began. */
  readonly beginnings: readonly number[];
  mischief: Mischief;
}

/** Within this process, to the store that is the source at the time. */
export function toLocalContent(source: () => LocalFileStore): ContentSources {
  return { openContent: (request, signal) => source().openContent(request, signal) };
}

/** The way that `sources` are, with mischief on it. */
export function createContentPath(sources: ContentSources): ContentPath {
  const beginnings: number[] = [];
  let count = 0;
  const path: ContentPath = {
    beginnings,
    mischief: {},
    async openContent(request, signal) {
      const content = await sources.openContent(request, signal);
      const { onTag = (tag: string) => tag } = path.mischief;
      return {
        ...content,
        facts: { ...content.facts, tag: onTag(content.facts.tag) },
        read: readOf(content),
      };
    },
  };
  const readOf = (content: OpenContent): OpenContent['read'] =>
    async function* read(from, signal) {
      beginnings.push(from);
      for await (const part of content.read(from, signal)) {
        count += 1;
        yield (await path.mischief.onPart?.(part, count)) ?? part;
      }
    };
  return path;
}
