import { toOneLine } from '../base/one-line.ts';
import { DriverError } from '../domain/errors.ts';
import type { ContentOrigin, ContentSources, OpenContent } from '../filestore/content/content.ts';
import { createFrameConnection, type Frame, type FrameConnection } from '../rpc/frames.ts';
import type { StreamConnection, StreamTarget } from '../rpc/stream.ts';
import { AGENT_TLS_NAME } from '../rpc/tls.ts';
import {
  CONTENT_PROTOCOL,
  FRAME_TYPES,
  MAX_PAYLOAD_BYTES,
  type OpenRequest,
  parseFrame,
  toText,
} from './content-wire.ts';

/** The other side says something every five seconds at least. */
const SILENCE_MS = 60_000;
/** Of what is said of a connection. */
const MAX_REASON_LENGTH = 300;

/** Connects to an agent (rpc/tls-stream.ts). Throws POOL_UNAVAILABLE. */
export type ConnectStream = (target: StreamTarget, signal: AbortSignal) => Promise<StreamConnection>;

/** The reader's side of {@link CONTENT_PROTOCOL}. */
export function createRemoteContent(connect: ConnectStream): ContentSources {
  return {
    async openContent({ origin, source, target }, signal) {
      const { address, ticket } = requireAgent(origin);
      const connection = await connect(
        { address, serverName: AGENT_TLS_NAME, protocol: CONTENT_PROTOCOL },
        signal,
      );
      const frames = createFrameConnection(connection, {
        maxPayloadBytes: MAX_PAYLOAD_BYTES,
        silenceMs: SILENCE_MS,
      });
      // Whatever waits for a frame is told by the connection's end.
      const onAbort = (): void => frames[Symbol.dispose]();
      signal.addEventListener('abort', onAbort, { once: true });
      const close = (): void => {
        signal.removeEventListener('abort', onAbort);
        frames[Symbol.dispose]();
      };
      try {
        const { nodeName, poolId } = origin;
        return await open(frames, { ticket, source: { nodeName, poolId, ...source }, target }, close);
      } catch (error) {
        close();
        signal.throwIfAborted();
        throw error;
      }
    },
  };
}

async function open(frames: FrameConnection, request: OpenRequest, close: () => void): Promise<OpenContent> {
  await frames.send(FRAME_TYPES.open, toText(request));
  const facts = parseFrame.facts(await receiveFirst(frames, request));
  return {
    facts,
    async *read(from, signal) {
      try {
        await frames.send(FRAME_TYPES.read, toText({ from }));
        for (;;) {
          const part = parseFrame.part(await receive(frames));
          yield part;
          if (!('data' in part)) return;
        }
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.resolve();
      close();
    },
  };
}

/** An agent that turns a connection away closes it without a word. Throws POOL_UNAVAILABLE. */
async function receiveFirst(frames: FrameConnection, { source }: OpenRequest): Promise<Frame> {
  let cause: unknown;
  try {
    const frame = await receive(frames);
    if (frame !== undefined) return frame;
  } catch (error) {
    cause = error;
  }
  const why = cause instanceof Error ? ` (${toOneLine(cause.message, MAX_REASON_LENGTH)})` : '';
  throw new DriverError(
    'POOL_UNAVAILABLE',
    `The agent of node ${source.nodeName} said nothing on a connection for content${why}: it is stopping, or does not believe the certificate of this node; then its log says so (do the clocks of the two nodes agree?). Ask again.`,
    { cause },
  );
}

/** The next frame that says something. */
async function receive(frames: FrameConnection): Promise<Frame | undefined> {
  for (;;) {
    const frame = await frames.receive();
    if (frame?.type !== FRAME_TYPES.waiting) return frame;
  }
}

function requireAgent({ address, ticket, nodeName }: ContentOrigin): {
  readonly address: string;
  readonly ticket: string;
} {
  if (address !== undefined && ticket !== undefined) return { address, ticket };
  throw new DriverError(
    'POOL_UNAVAILABLE',
    `The pool of the source is on node ${nodeName}, whose agent has no address now: ask again when it answers.`,
  );
}
