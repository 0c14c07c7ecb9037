import { describe, expect, it } from 'vitest';
import { createMessageChannels } from '../../../test/support/message-channels.ts';
import type { ContentFacts, ContentPiece, OpenContent } from '../../filestore/content/content.ts';
import { MessagePeer, type Verb } from '../../rpc/message-peer.ts';
import { type ContentVerbs, OpenContents, openPeerContent } from './content-verbs.ts';

const never = new AbortController().signal;
const FACTS: ContentFacts = {
  tag: 'v',
  kept: { layout: 'directory', quota: 'none' },
  capacityBytes: 3,
  usedBytes: 3,
};
const END = { digest: 'all of it' };

interface Source {
  readonly content: OpenContent;
  /** What became of it, in order. */
  readonly events: readonly string[];
}

/** Content of three pieces; reading fails with this before the third one. */
function createSource(failure?: Error): Source {
  const events: string[] = [];
  const content: OpenContent = {
    facts: FACTS,
    async *read(from, signal) {
      events.push(`read from ${from}`);
      const memory = Buffer.alloc(1);
      try {
        for (let position = from; position < 3; position += 1) {
          signal.throwIfAborted();
          if (position === 2 && failure !== undefined) throw failure;
          memory[0] = position;
          const piece: ContentPiece = {
            position,
            data: memory,
            checksum: position,
            release: () => void events.push(`released ${position}`),
          };
          yield await Promise.resolve(piece);
        }
        yield END;
      } finally {
        events.push('left');
      }
    },
    [Symbol.asyncDispose]: async () => void (await Promise.resolve(events.push('closed'))),
  };
  return { content, events };
}

type Server = ContentVerbs & { readonly open: Verb<string, ContentFacts> };

/** A process that has content, and one that wants it. */
function connect(open: (signal: AbortSignal) => Promise<OpenContent>) {
  const contents = new OpenContents();
  const channels = createMessageChannels();
  const verbs: Server = {
    ...contents.verbs,
    open: async (handle, signal) => await contents.open(handle, () => open(signal)),
  };
  const server = new MessagePeer(channels.other, verbs, 'The reader is gone.');
  const peer = new MessagePeer<Server>(channels.one, {}, 'The worker is gone: ask again.');
  const openIt = async (signal = never): Promise<OpenContent> =>
    await openPeerContent(peer, async (handle) => await peer.call('open', handle, signal));
  return { contents, channels, server, openIt };
}

async function readAll(content: OpenContent, from = 0, signal = never): Promise<readonly unknown[]> {
  const read: unknown[] = [];
  for await (const piece of content.read(from, signal)) {
    read.push('data' in piece ? [...piece.data] : piece);
  }
  return read;
}

describe('content of another process', () => {
  it('is read piece by piece to its end, from where it is asked for', async () => {
    const { content, events } = createSource();
    const { openIt, contents } = connect(async () => await Promise.resolve(content));
    await using opened = await openIt();

    expect(opened.facts).toEqual(FACTS);
    expect(await readAll(opened)).toEqual([[0], [1], [2], END]);
    expect(await readAll(opened, 2)).toEqual([[2], END]);

    expect(events.filter((event) => event.startsWith('released'))).toHaveLength(4);
    expect(contents.size).toBe(1);
  });

  it('is closed there when it is closed here', async () => {
    const { content, events } = createSource();
    const { openIt, contents } = connect(async () => await Promise.resolve(content));
    const opened = await openIt();

    await opened[Symbol.asyncDispose]();

    expect(events).toEqual(['closed']);
    expect(contents.size).toBe(0);
    await expect(readAll(opened)).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
  });

  it('is not read on when the reader stops early', async () => {
    const { content, events } = createSource();
    const { openIt } = connect(async () => await Promise.resolve(content));
    await using opened = await openIt();

    for await (const piece of opened.read(0, never)) {
      expect(piece).toMatchObject({ position: 0 });
      break;
    }

    expect(events).toEqual(['read from 0', 'released 0', 'left']);
  });

  it('fails in the middle with what it failed with there', async () => {
    const { content, events } = createSource(Object.assign(new Error('stale'), { code: 'ESTALE' }));
    const { openIt } = connect(async () => await Promise.resolve(content));
    await using opened = await openIt();

    await expect(readAll(opened)).rejects.toMatchObject({ code: 'ESTALE' });
    expect(events.at(-1)).toBe('left');
  });

  it('is stopped there when the reader gives up', async () => {
    const { content, events } = createSource();
    const { openIt } = connect(async () => await Promise.resolve(content));
    await using opened = await openIt();
    const leaving = new AbortController();
    const pieces = opened.read(0, leaving.signal)[Symbol.asyncIterator]();
    await pieces.next();

    leaving.abort(new Error('enough'));

    await expect(pieces.next()).rejects.toThrow('enough');
    await expect.poll(() => events).toContain('left');
  });

  it('ends its readings when it is closed', async () => {
    const { content, events } = createSource();
    const { openIt } = connect(async () => await Promise.resolve(content));
    const opened = await openIt();
    const pieces = opened.read(0, never)[Symbol.asyncIterator]();
    await pieces.next();

    await opened[Symbol.asyncDispose]();

    expect(events.slice(-2)).toEqual(['left', 'closed']);
    await expect(pieces.next()).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
  });

  it('is closed there when whoever had it opened left before it was', async () => {
    const { content, events } = createSource();
    const gate = Promise.withResolvers<OpenContent>();
    const { openIt, contents } = connect(async () => await gate.promise);
    const leaving = new AbortController();
    const opening = openIt(leaving.signal);

    leaving.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
    gate.resolve(content);

    await expect.poll(() => events).toEqual(['closed']);
    expect(contents.size).toBe(0);
  });

  it('is gone with the process that had it open, and closing it then is nothing', async () => {
    const { content } = createSource();
    const { openIt, channels } = connect(async () => await Promise.resolve(content));
    const opened = await openIt();

    channels.close();

    await expect(readAll(opened)).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
    await expect(opened[Symbol.asyncDispose]()).resolves.toBeUndefined();
  });

  it('does not have a process started only to be closed', async () => {
    const { content } = createSource();
    const contents = new OpenContents();
    const asked: string[] = [];
    const caller = {
      isRunning: false,
      call: async (verb: string) => await Promise.reject(new Error(String(asked.push(verb)))),
    };
    const opened = await openPeerContent(
      caller as never,
      async (handle) => await contents.open(handle, async () => await Promise.resolve(content)),
    );

    await opened[Symbol.asyncDispose]();

    expect(asked).toEqual([]);
  });

  it('is closed with the process that it was opened for, which has nothing opened any more', async () => {
    const { content, events } = createSource();
    const { openIt, contents } = connect(async () => await Promise.resolve(content));
    await openIt();

    await contents.close();

    expect(events).toEqual(['closed']);
    await expect(openIt()).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
  });
});
