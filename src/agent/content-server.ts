import { DriverError } from '../domain/errors.ts';
import { oneAhead } from '../filestore/content/ahead.ts';
import type { OpenContent } from '../filestore/content/content.ts';
import type { LocalFileStore } from '../filestore/file-store.ts';
import type { StoreDirectory } from '../filestore/store-directory.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../observability/logger.ts';
import { createFrameConnection, type FrameConnection } from '../rpc/frames.ts';
import type { StreamConnection, StreamOffer } from '../rpc/stream.ts';
import { AGENT_TLS_NAME, type TlsSource } from '../rpc/tls.ts';
import {
  CONTENT_PROTOCOL,
  FRAME_TYPES,
  MAX_PAYLOAD_BYTES,
  type OpenRequest,
  parseFrame,
  toFailure,
  toPieceHeader,
  toText,
} from './content-wire.ts';
import { requireTicketFor, verifyTicket } from './tickets.ts';

/** A reader whose disk is slow may take its time. */
const SILENCE_MS = 10 * 60_000;
/** How often a reader that waits is told that it does so for a reason. */
const WAITING_MS = 5_000;

/** What content is handed out with. */
export interface ContentServerOptions {
  readonly nodeName: string;
  readonly stores: StoreDirectory<LocalFileStore>;
  /** Whose controllers are believed. */
  readonly tls: TlsSource;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told of each ticket that was refused. */
  readonly onRefused: (error: DriverError, remoteAddress: string | undefined) => void;
}

/** The agent's side of {@link CONTENT_PROTOCOL}: hands out what a ticket of the controller allows, to agents only. */
export function createContentOffer(options: ContentServerOptions): StreamOffer {
  return {
    protocol: CONTENT_PROTOCOL,
    peers: [AGENT_TLS_NAME],
    accept: (connection) => void serve(options, connection),
  };
}

/** Never throws: whoever connected is told, and the log. */
async function serve(options: ContentServerOptions, connection: StreamConnection): Promise<void> {
  const { logger } = options;
  const { remoteAddress } = connection;
  const stop = new AbortController();
  connection.once('close', () => stop.abort(new Error('The reader of the content is gone.')));
  using frames = createFrameConnection(connection, {
    maxPayloadBytes: MAX_PAYLOAD_BYTES,
    silenceMs: SILENCE_MS,
  });
  try {
    await answer(options, { frames, remoteAddress }, stop.signal);
    frames.end();
    // It is closed once the reader has taken everything.
    await frames.receive();
  } catch (error) {
    if (stop.signal.aborted) return;
    logger.warn('Content is not handed out', { remoteAddress, err: error });
    await frames.send(FRAME_TYPES.failed, toFailure(error)).catch(() => undefined);
  }
}

interface Caller {
  readonly frames: FrameConnection;
  readonly remoteAddress: string | undefined;
}

async function answer(options: ContentServerOptions, caller: Caller, signal: AbortSignal): Promise<void> {
  const { frames } = caller;
  const request = parseFrame.open(await frames.receive());
  admit(options, request, caller);
  const { kind, id } = request.source;
  const store = getStore(options, request.source.poolId);
  await using content = await store.openContent({ source: { kind, id }, target: request.target }, signal);
  await frames.send(FRAME_TYPES.facts, toText(content.facts));
  const { from } = parseFrame.read(await frames.receive());
  options.logger.info('Content is handed out', {
    ...request.source,
    target: request.target.volumeName,
    from,
  });
  await sendContent(content, from, { frames, signal });
}

function admit(options: ContentServerOptions, request: OpenRequest, { remoteAddress }: Caller): void {
  const { tls, clock, nodeName } = options;
  try {
    const ticket = verifyTicket(request.ticket, { ca: tls.current().ca, now: clock.now() });
    requireTicketFor(ticket, request);
    requireTicketFor(ticket, { source: { ...request.source, nodeName }, target: request.target });
  } catch (error) {
    if (error instanceof DriverError) options.onRefused(error, remoteAddress);
    throw error;
  }
}

function getStore({ stores, nodeName }: ContentServerOptions, poolId: string): LocalFileStore {
  const entry = stores.list().find((candidate) => candidate.poolId === poolId);
  if (entry !== undefined && 'store' in entry.state) return entry.state.store;
  throw new DriverError(
    'POOL_UNAVAILABLE',
    entry === undefined
      ? `Node ${nodeName} has no pool with the id ${poolId} now.`
      : (entry.state as { readonly unavailable: string }).unavailable,
  );
}

async function sendContent(
  content: OpenContent,
  from: number,
  { frames, signal }: { readonly frames: FrameConnection; readonly signal: AbortSignal },
): Promise<void> {
  let isSending = false;
  const waiting = setInterval(() => {
    if (!isSending) frames.send(FRAME_TYPES.waiting).catch(() => undefined);
  }, WAITING_MS);
  try {
    for await (const part of oneAhead(content.read(from, signal))) {
      isSending = true;
      if ('data' in part) await frames.send(FRAME_TYPES.piece, toPieceHeader(part), part.data);
      else await frames.send(FRAME_TYPES.end, toText(part));
      if ('data' in part) part.release?.();
      isSending = false;
    }
  } finally {
    clearInterval(waiting);
  }
}
