import { startDeadline } from '../../base/deadline.ts';
import { randomId } from '../../base/ids.ts';
import { DriverError } from '../../domain/errors.ts';
import type { ContentEnd, ContentFacts, ContentPiece, OpenContent } from '../../filestore/content/content.ts';
import type { MessagePeer, Verb } from '../../rpc/message-peer.ts';

/** Bound on telling the other process that something is not needed any more. */
const LET_GO_MS = 5_000;

/** Reading content of the other process, piece by piece. Handles are chosen by whoever opens content, and are never used twice, by another process neither. */
export type ContentVerbs = {
  readonly startReading: Verb<{ readonly handle: string; readonly from: number }, string>;
  /** Undefined after the last one. */
  readonly nextPiece: Verb<string, ContentPiece | ContentEnd | undefined>;
  readonly stopReading: Verb<string, void>;
  /** Also what is still being opened. */
  readonly closeContent: Verb<string, void>;
};

interface Reading {
  readonly handle: string;
  readonly pieces: AsyncIterator<ContentPiece | ContentEnd>;
  readonly stop: AbortController;
}

/** What this process has open for the other one. */
export class OpenContents {
  readonly #contents = new Map<string, Promise<OpenContent>>();
  readonly #readings = new Map<string, Reading>();
  #isClosed = false;

  /** Opens it under the handle of the caller, who can close it by that also when the answer never reaches it. Throws what the work throws. */
  async open(handle: string, work: () => Promise<OpenContent>): Promise<ContentFacts> {
    if (this.#isClosed) throw unknownHandle();
    const opening = work();
    this.#contents.set(handle, opening);
    try {
      return (await opening).facts;
    } catch (error) {
      this.#contents.delete(handle);
      throw error;
    }
  }

  get size(): number {
    return this.#contents.size;
  }

  readonly verbs: ContentVerbs = {
    startReading: async ({ handle, from }) => {
      const content = await this.#contents.get(handle);
      if (content === undefined) throw unknownHandle();
      const stop = new AbortController();
      const id = randomId(16);
      const pieces = content.read(from, stop.signal)[Symbol.asyncIterator]();
      this.#readings.set(id, { handle, stop, pieces });
      return id;
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
    closeContent: async (handle, signal) => {
      const opening = this.#contents.get(handle);
      this.#contents.delete(handle);
      const readings = [...this.#readings].filter(([, reading]) => reading.handle === handle);
      // What a reading fails with is told to whoever reads.
      await Promise.allSettled(readings.map(([id]) => this.verbs.stopReading(id, signal)));
      const content = await opening?.catch(() => undefined);
      await content?.[Symbol.asyncDispose]();
    },
  };

  /** Closes all of it, and opens nothing any more. Never throws. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.closeAll();
  }

  /** Closes all that is open now. Never throws: whoever reads it is told. */
  async closeAll(): Promise<void> {
    const handles = [...this.#contents.keys()];
    await Promise.allSettled(handles.map((handle) => this.verbs.closeContent(handle, NEVER)));
  }
}

/** The way to the process that has content open. */
export interface ContentCaller extends Pick<MessagePeer<ContentVerbs>, 'call'> {
  /** False where a call would start another process, which has nothing open. Default: true. */
  readonly isRunning?: boolean;
}

/**
 * Has the other process open content, and shows it as if it were of this one.
 *
 * @param open The call that opens it there under this handle.
 */
export async function openPeerContent(
  peer: ContentCaller,
  open: (handle: string) => Promise<ContentFacts>,
): Promise<OpenContent> {
  const handle = randomId(16);
  try {
    return toPeerContent(peer, handle, await open(handle));
  } catch (error) {
    // It may have been opened there while the caller left.
    void letGo(peer, 'closeContent', handle);
    throw error;
  }
}

function toPeerContent(peer: ContentCaller, handle: string, facts: ContentFacts): OpenContent {
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
        await letGo(peer, 'stopReading', reading);
      }
    },
    [Symbol.asyncDispose]: async () => await letGo(peer, 'closeContent', handle),
  };
}

/** What cannot be closed is of a process that has ended, or that will be ended. */
async function letGo(peer: ContentCaller, verb: 'stopReading' | 'closeContent', id: string): Promise<void> {
  if (peer.isRunning === false) return;
  using deadline = startDeadline(NEVER, LET_GO_MS);
  await peer.call(verb, id, deadline.signal).catch(() => undefined);
}

const NEVER = new AbortController().signal;

function unknownHandle(): DriverError {
  return new DriverError('POOL_UNAVAILABLE', 'The content that was being read is closed: ask again.');
}
