import { DriverError, isDriverError } from '../domain/errors.ts';
import { oneAhead } from '../filestore/content/ahead.ts';
import type { OpenContent } from '../filestore/content/content.ts';
import type { LocalFileStore } from '../filestore/file-store.ts';
import type { StoreDirectory } from '../filestore/store-directory.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../observability/logger.ts';
import { createFrameConnection, type Frame, type FrameConnection } from '../rpc/frames.ts';
import type { StreamConnection, StreamOffer } from '../rpc/stream.ts';
import { AGENT_TLS_NAME, type TlsSource } from '../rpc/tls.ts';
import {
  CONTENT_PROTOCOL,
  FRAME_TYPES,
  MAX_REQUEST_BYTES,
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

/** What peers may take of this program, which they share with controllers and with each other. */
export interface ContentLimits {
  /** A peer says what it wants within so long. */
  readonly openWithinMs: number;
  /** Peers that have not said yet what they want: one more is turned away. */
  readonly maxUndecided: number;
  /** Readers that are handed content at once, a few MiB of memory for each; one more is told to ask again. */
  readonly maxReaders: number;
}

const LIMITS: ContentLimits = { openWithinMs: 10_000, maxUndecided: 128, maxReaders: 32 };

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
  /** Told of each peer that was turned away since there were too many. */
  readonly onCrowded: (remoteAddress: string | undefined) => void;
  readonly limits?: ContentLimits;
}

/** The agent's side of {@link CONTENT_PROTOCOL}: hands out what a ticket of the controller allows, to agents only. */
export function createContentOffer(options: ContentServerOptions): StreamOffer {
  const server: ContentServer = {
    ...options,
    limits: options.limits ?? LIMITS,
    undecided: new Set(),
    readers: new Set(),
  };
  return {
    protocol: CONTENT_PROTOCOL,
    peers: [AGENT_TLS_NAME],
    accept: (connection) => void serve(server, connection),
  };
}

interface ContentServer extends ContentServerOptions {
  readonly limits: ContentLimits;
  readonly undecided: Set<StreamConnection>;
  readonly readers: Set<StreamConnection>;
}

/** Never throws: whoever connected is told, and the log. */
async function serve(server: ContentServer, connection: StreamConnection): Promise<void> {
  const { logger, undecided, readers, limits } = server;
  const { remoteAddress } = connection;
  const stop = new AbortController();
  connection.once('close', () => stop.abort(new Error('The reader of the content is gone.')));
  using frames = createFrameConnection(connection, {
    maxPayloadBytes: MAX_REQUEST_BYTES,
    silenceMs: SILENCE_MS,
  });
  if (undecided.size >= limits.maxUndecided) return server.onCrowded(remoteAddress);
  undecided.add(connection);
  connection.once('close', () => {
    undecided.delete(connection);
    readers.delete(connection);
  });
  try {
    await answer(server, { frames, connection }, stop.signal);
    frames.end();
    // It is closed once the reader has taken everything.
    await frames.receive();
  } catch (error) {
    if (stop.signal.aborted) return;
    // Whoever is told to ask again does so all the time.
    const level = isDriverError(error, 'OPERATION_PENDING') ? 'debug' : 'warn';
    logger[level]('Content is not handed out', { remoteAddress, err: error });
    await frames.send(FRAME_TYPES.failed, toFailure(error)).catch(() => undefined);
  }
}

interface Caller {
  readonly frames: FrameConnection;
  readonly connection: StreamConnection;
}

async function answer(options: ContentServer, caller: Caller, signal: AbortSignal): Promise<void> {
  const { frames } = caller;
  const request = parseFrame.open(await receiveInTime(frames, options.limits.openWithinMs));
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

/** Whoever says nothing is disconnected. */
async function receiveInTime(frames: FrameConnection, ms: number): Promise<Frame | undefined> {
  const timer = setTimeout(() => frames[Symbol.dispose](), ms);
  try {
    return await frames.receive();
  } finally {
    clearTimeout(timer);
  }
}

/** Makes a reader of a caller with a good ticket. Throws PERMISSION_DENIED, and OPERATION_PENDING while there are as many readers as there may be. */
function admit(options: ContentServer, request: OpenRequest, { connection }: Caller): void {
  const { tls, clock, nodeName, undecided, readers, limits } = options;
  try {
    const ticket = verifyTicket(request.ticket, { ca: tls.current().ca, now: clock.now() });
    requireTicketFor(ticket, request);
    requireTicketFor(ticket, { source: { ...request.source, nodeName }, target: request.target });
  } catch (error) {
    if (error instanceof DriverError) options.onRefused(error, connection.remoteAddress);
    throw error;
  }
  if (readers.size >= limits.maxReaders) {
    throw new DriverError(
      'OPERATION_PENDING',
      `Node ${nodeName} hands out content to ${readers.size} readers already, which is as much as it does at once: ask again.`,
    );
  }
  undecided.delete(connection);
  readers.add(connection);
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
