import type { Clock } from '../../base/clock.ts';
import { DriverError, isDriverError } from '../../domain/errors.ts';
import type { Logger } from '../../observability/logger.ts';
import type { JobHandle } from '../jobs.ts';
import { oneAhead } from './ahead.ts';
import type {
  ContentEnd,
  ContentFacts,
  ContentOrigin,
  ContentPiece,
  ContentRequest,
  ContentSources,
  OpenContent,
} from './content.ts';
import { ContentDigest, isIntact } from './digest.ts';

const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 5_000;
/** Longer than the restart of an agent, shorter than the time after which its cut of a volume is gone. */
const PATIENCE_MS = 5 * 60_000;

export interface IncomingOptions {
  readonly request: ContentRequest;
  /** As the last caller named it: tickets expire, and a node may get another address. */
  readonly origin: () => ContentOrigin;
  readonly sources: ContentSources;
  readonly job: JobHandle;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Content of another store on its way into this one. Disposing it ends the reading. */
export interface Incoming extends AsyncDisposable {
  readonly facts: ContentFacts;
  /**
   * Its pieces, each of them intact, over as many connections as it takes; the end comes only when the digest of all of them is the source's. Throws INTERNAL when it is not,
   * OPERATION_PENDING when the source has other content by now, POOL_UNAVAILABLE when it stays out of reach. Can be read once.
   */
  readonly pieces: AsyncIterable<ContentPiece>;
}

/** Opens content of another store, and waits for one that is not ready yet. Throws as {@link ContentSources.openContent}. */
export async function openIncoming(options: IncomingOptions): Promise<Incoming> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.job.signal, stop.signal]);
  const connection = new Connection(options, signal);
  const { facts } = await connection.open();
  return {
    facts,
    pieces: receive(options, connection, facts),
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('The content is not wanted any more.'));
      await connection.close();
    },
  };
}

/** The connection that content comes by, opened again when it is lost. */
class Connection {
  readonly #options: IncomingOptions;
  readonly signal: AbortSignal;
  #current: OpenContent | undefined;
  #hasBegun = false;
  #lastProgressAt: number;
  #retryMs = FIRST_RETRY_MS;

  constructor(options: IncomingOptions, signal: AbortSignal) {
    this.#options = options;
    this.signal = signal;
    this.#lastProgressAt = options.clock.monotonic();
  }

  /** Something arrived: patience begins anew. */
  noteProgress(): void {
    this.#hasBegun = true;
    this.#lastProgressAt = this.#options.clock.monotonic();
    this.#retryMs = FIRST_RETRY_MS;
  }

  async open(): Promise<OpenContent> {
    for (;;) {
      if (this.#current !== undefined) return this.#current;
      const { sources, request, origin } = this.#options;
      try {
        this.#current = await sources.openContent({ ...request, origin: origin() }, this.signal);
        return this.#current;
      } catch (error) {
        await this.retryAfter(error);
      }
    }
  }

  /** Lets go of the connection and waits before the next one. Throws the error when it is none that passes, or patience is at its end. */
  async retryAfter(error: unknown): Promise<void> {
    await this.close();
    this.signal.throwIfAborted();
    const { clock, logger, request } = this.#options;
    // Its content is being made ready: that is a sign of life.
    if (isDriverError(error, 'OPERATION_PENDING')) this.#lastProgressAt = clock.monotonic();
    else if (!this.#mayPass(error)) throw error;
    logger.info('Content is asked for again', { volume: request.target.volumeName, err: error });
    await clock.sleep(this.#retryMs, this.signal);
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }

  /** An origin that was never reached is for the caller to wait for. */
  #mayPass(error: unknown): boolean {
    const waitedMs = this.#options.clock.monotonic() - this.#lastProgressAt;
    return isDriverError(error, 'POOL_UNAVAILABLE') && this.#hasBegun && waitedMs <= PATIENCE_MS;
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.[Symbol.asyncDispose]();
  }
}

async function* receive(
  options: IncomingOptions,
  connection: Connection,
  facts: ContentFacts,
): AsyncGenerator<ContentPiece, void, undefined> {
  const reading: Reading = {
    options,
    connection,
    facts,
    digest: ContentDigest.create(),
    next: 0,
    doneBytes: 0,
  };
  while (!reading.isDone) {
    const content = await connection.open();
    checkSame(facts, content.facts, options.request);
    try {
      yield* readOn(reading, content);
    } catch (error) {
      await connection.retryAfter(error);
    }
  }
}

interface Reading {
  readonly options: IncomingOptions;
  readonly connection: Connection;
  readonly facts: ContentFacts;
  readonly digest: ContentDigest;
  /** Where the last piece ended. */
  next: number;
  doneBytes: number;
  isDone?: true;
}

/** What comes by one connection. */
async function* readOn(
  reading: Reading,
  content: OpenContent,
): AsyncGenerator<ContentPiece, void, undefined> {
  const { options, connection, facts, digest } = reading;
  const { request, job } = options;
  for await (const part of oneAhead(content.read(reading.next, connection.signal))) {
    if (!('data' in part)) {
      checkDigest(digest, part, request);
      reading.isDone = true;
      continue;
    }
    checkPiece(part, reading.next, request);
    digest.add(part);
    const bytes = part.data.length;
    yield part;
    // Whoever asks for the next one is done with it.
    part.release?.();
    reading.next = part.position + bytes;
    reading.doneBytes += bytes;
    connection.noteProgress();
    job.report(reading.doneBytes, facts.usedBytes);
  }
  if (reading.isDone) return;
  throw new DriverError('POOL_UNAVAILABLE', `The ${describe(request)} ended before its end was sent.`);
}

function checkSame(begun: ContentFacts, now: ContentFacts, request: ContentRequest): void {
  if (begun.tag === now.tag) return;
  throw new DriverError(
    'OPERATION_PENDING',
    `The ${describe(request)} was cut anew while it was copied, so the copy begins again: ask again.`,
  );
}

function checkPiece(piece: ContentPiece, next: number, request: ContentRequest): void {
  if (piece.position >= next && isIntact(piece)) return;
  // The connection's own encryption would have noticed a change on the way: it happened in the memory of one of the two, and may not happen again.
  throw new DriverError('POOL_UNAVAILABLE', `The ${describe(request)} arrived damaged at byte ${next}.`);
}

function checkDigest(digest: ContentDigest, end: ContentEnd, request: ContentRequest): void {
  const own = digest.finish();
  if (own === end.digest) return;
  throw new DriverError(
    'INTERNAL',
    `The copy of the ${describe(request)} is not what its source sent (checksum ${own} instead of ${end.digest}), and was discarded. Ask again; if that fails in the same way, check memory and disks of both nodes.`,
  );
}

function describe({ source }: ContentRequest): string {
  return `content of ${source.kind} ${source.id}`;
}
