import type { ContentEnd, ContentFacts, ContentPiece, OpenContent } from '../../filestore/content/content.ts';
import { DriverError } from '../../domain/errors.ts';
import type { MessagePeer, Verb } from '../../rpc/message-peer.ts';

/** Content that the other process has open. */
export interface ContentHandle {
  readonly handle: number;
  readonly facts: ContentFacts;
}

/** Reading content of the other process, piece by piece. */
export type ContentVerbs = {
  readonly startReading: Verb<{ readonly handle: number; readonly from: number }, number>;
  /** Undefined after the last one. */
  readonly nextPiece: Verb<number, ContentPiece | ContentEnd | undefined>;
  readonly stopReading: Verb<number, void>;
  readonly closeContent: Verb<number, void>;
};

interface Reading {
  readonly pieces: AsyncIterator<ContentPiece | ContentEnd>;
  readonly stop: AbortController;
}

/** What this process has open for the other one. */
export class OpenContents {
  readonly #contents = new Map<number, OpenContent>();
  readonly #readings = new Map<number, Reading>();
  #lastId = 0;

  add(content: OpenContent): ContentHandle {
    this.#lastId += 1;
    this.#contents.set(this.#lastId, content);
    return { handle: this.#lastId, facts: content.facts };
  }

  get size(): number {
    return this.#contents.size;
  }

  readonly verbs: ContentVerbs = {
    startReading: async ({ handle, from }) => {
      await Promise.resolve();
      const content = this.#contents.get(handle);
      if (content === undefined) throw unknownHandle();
      const stop = new AbortController();
      this.#lastId += 1;
      this.#readings.set(this.#lastId, {
        stop,
        pieces: content.read(from, stop.signal)[Symbol.asyncIterator](),
      });
      return this.#lastId;
    },
    nextPiece: async (id) => {
      const reading = this.#readings.get(id);
      if (reading === undefined) throw unknownHandle();
      const { done, value } = await reading.pieces.next();
      if (done === true) return undefined;
      if (!('data' in value)) return value;
      const { position, checksum, release } = value;
      // Its memory may be used again before the message is on its way.
      const data = Buffer.from(value.data);
      release?.();
      return { position, checksum, data };
    },
    stopReading: async (id) => {
      const reading = this.#readings.get(id);
      this.#readings.delete(id);
      reading?.stop.abort(new Error('Nobody reads it any more.'));
      await reading?.pieces.return?.();
    },
    closeContent: async (handle) => {
      const content = this.#contents.get(handle);
      this.#contents.delete(handle);
      await content?.[Symbol.asyncDispose]();
    },
  };

  /** Closes all of it. */
  async close(): Promise<void> {
    for (const id of this.#readings.keys()) await this.verbs.stopReading(id, NEVER);
    for (const handle of this.#contents.keys()) await this.verbs.closeContent(handle, NEVER);
  }
}

/** Content of the other process as if it were of this one. */
export function createPeerContent(
  peer: Pick<MessagePeer<ContentVerbs>, 'call'>,
  { handle, facts }: ContentHandle,
): OpenContent {
  return {
    facts,
    async *read(from, signal) {
      const reading = await peer.call('startReading', { handle, from }, signal);
      try {
        for (;;) {
          const piece = await peer.call('nextPiece', reading, signal);
          if (piece === undefined) return;
          yield piece;
        }
      } finally {
        await letGo(peer.call('stopReading', reading, NEVER));
      }
    },
    [Symbol.asyncDispose]: async () => await letGo(peer.call('closeContent', handle, NEVER)),
  };
}

/** What cannot be closed is of a process that has ended. */
async function letGo(work: Promise<void>): Promise<void> {
  await work.catch(() => undefined);
}

const NEVER = new AbortController().signal;

function unknownHandle(): DriverError {
  return new DriverError('POOL_UNAVAILABLE', 'The content that was being read is closed: ask again.');
}
