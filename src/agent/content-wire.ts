import * as z from 'zod';
import { DriverError, ERROR_CODES } from '../domain/errors.ts';
import {
  type ContentEnd,
  type ContentFacts,
  type ContentPiece,
  PIECE_BYTES,
} from '../filestore/content/content.ts';
import { Kept } from '../filestore/records.ts';
import type { Frame, FrameOptions } from '../rpc/frames.ts';
import { contentWayShape } from './tickets.ts';

/**
 * How content travels between agents: a TLS connection of its own, agreed upon in the handshake, on the agents' port. The reader says what it wants and shows
 * its ticket (`open`), is told what it will get (`facts`), says from where (`read`), and gets `piece` after piece, then `end`. Each side may say
 * `failed` instead, and `waiting` while there is nothing to say.
 */
export const CONTENT_PROTOCOL = 'stowage-content/1';

/** First letters of the frames. */
export const FRAME_TYPES = {
  open: 'O',
  facts: 'F',
  read: 'R',
  piece: 'P',
  end: 'E',
  failed: 'X',
  waiting: 'W',
} as const;

const PIECE_HEADER_BYTES = 12;
const MAX_TEXT_BYTES = 128 * 1024;

export const MAX_PAYLOAD_BYTES: FrameOptions['maxPayloadBytes'] = Math.max(
  PIECE_BYTES + PIECE_HEADER_BYTES,
  MAX_TEXT_BYTES,
);

const Position = z.number().int().nonnegative();

/** What a reader says is shorter: a ticket, and some names. Whoever announces more is none. */
export const MAX_REQUEST_BYTES = 64 * 1024;

/** What a reader asks for. */
export const OpenRequest = z.strictObject({ ticket: z.string(), ...contentWayShape }).readonly();
export type OpenRequest = z.infer<typeof OpenRequest>;

const Facts: z.ZodType<ContentFacts> = z
  .strictObject({
    tag: z.string(),
    kept: Kept,
    capacityBytes: z.number().int().nonnegative(),
    usedBytes: z.number().int().nonnegative(),
  })
  .readonly();

const ReadRequest = z.strictObject({ from: Position }).readonly();
const End = z.strictObject({ digest: z.string() }).readonly();
const Failure = z.strictObject({ code: z.enum(ERROR_CODES), message: z.string() }).readonly();

/** Something to say as the payload of a frame. */
export function toText(value: OpenRequest | ContentFacts | ContentEnd | { readonly from: number }): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** What an error is on the other side: whatever is no DriverError stays in the log. */
export function toFailure(error: unknown): Buffer {
  const { code, message } =
    error instanceof DriverError
      ? error
      : {
          code: 'INTERNAL',
          message: 'The agent failed unexpectedly while it read content; its log tells more.',
        };
  return Buffer.from(JSON.stringify({ code, message: message.slice(0, 4000) }));
}

/** Position and checksum of a piece, which go before its data. */
export function toPieceHeader({ position, checksum }: ContentPiece): Buffer {
  const header = Buffer.allocUnsafe(PIECE_HEADER_BYTES);
  header.writeBigUInt64BE(BigInt(position), 0);
  header.writeUInt32BE(checksum, 8);
  return header;
}

/** Reads frames back. All throw POOL_UNAVAILABLE for what cannot be read: the other side is of another release, or something else. */
export const parseFrame = {
  open: (frame: Frame | undefined): OpenRequest => parse(frame, FRAME_TYPES.open, OpenRequest),
  facts: (frame: Frame | undefined): ContentFacts => parse(frame, FRAME_TYPES.facts, Facts),
  read: (frame: Frame | undefined): { readonly from: number } => parse(frame, FRAME_TYPES.read, ReadRequest),
  part(frame: Frame | undefined): ContentPiece | ContentEnd {
    if (frame?.type !== FRAME_TYPES.piece) return parse(frame, FRAME_TYPES.end, End);
    const { payload } = frame;
    if (payload.length <= PIECE_HEADER_BYTES) throw unreadable(frame);
    return {
      position: Number(payload.readBigUInt64BE(0)),
      checksum: payload.readUInt32BE(8),
      data: payload.subarray(PIECE_HEADER_BYTES),
      release: () => frame.release(),
    };
  },
};

function parse<T>(frame: Frame | undefined, type: string, schema: z.ZodType<T>): T {
  if (frame?.type === FRAME_TYPES.failed) throw parseFailure(frame);
  if (frame?.type !== type) throw unreadable(frame);
  try {
    return schema.parse(JSON.parse(frame.payload.toString()));
  } catch (error) {
    throw unreadable(frame, error);
  }
}

function parseFailure(frame: Frame): DriverError {
  try {
    const { code, message } = Failure.parse(JSON.parse(frame.payload.toString()));
    return new DriverError(code, message);
  } catch (error) {
    return unreadable(frame, error);
  }
}

function unreadable(frame: Frame | undefined, cause?: unknown): DriverError {
  return new DriverError(
    'POOL_UNAVAILABLE',
    frame === undefined
      ? 'The connection for content ended before all was said.'
      : 'The other side of a connection for content says something unknown: the two agents are probably of releases that do not fit.',
    { cause },
  );
}
