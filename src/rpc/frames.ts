import { BufferPool } from '../base/buffer-pool.ts';
import { DriverError } from '../domain/errors.ts';
import type { StreamConnection } from './stream.ts';

const HEADER_BYTES = 5;
/** So many frames are kept for a reader that is slow; then the sender waits. */
const KEPT_FRAMES = 3;
/** Shorter payloads are not worth a buffer of the pool. */
const POOLED_FROM_BYTES = 64 * 1024;

/** One message on a connection. */
export interface Frame {
  /** One character. */
  readonly type: string;
  readonly payload: Buffer;
  /** May be called once, when nobody needs the payload any more: its memory is then used for another one. */
  release(): void;
}

/** Frames on a connection, in both directions. Bounded memory: whoever is too fast waits for the other side. */
export interface FrameConnection extends Disposable {
  /** The next frame; undefined when the other side has ended in good order. Throws POOL_UNAVAILABLE when the connection is lost or silent for too long. */
  receive(): Promise<Frame | undefined>;
  /** Resolves when the system has taken all of it, and the parts are free for other use. Throws POOL_UNAVAILABLE. */
  send(type: string, ...parts: readonly Buffer[]): Promise<void>;
  /** Ends the own direction, once everything is sent. */
  end(): void;
}

export interface FrameOptions {
  /** A longer one ends the connection. */
  readonly maxPayloadBytes: number;
  /** For so long nothing may move in either direction. */
  readonly silenceMs: number;
}

/** Takes a connection over. Disposing it closes it at once. */
export function createFrameConnection(socket: StreamConnection, options: FrameOptions): FrameConnection {
  const parser = new FrameParser(options.maxPayloadBytes);
  const frames: Frame[] = [];
  let failure: Error | undefined;
  let hasEnded = false;
  let wake = (): void => undefined;

  const fail = (error: Error): void => {
    failure ??= error;
    socket.destroy();
    wake();
  };
  socket.on('data', (chunk: Buffer) => {
    try {
      for (const frame of parser.push(chunk)) frames.push(frame);
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
    if (frames.length > KEPT_FRAMES) socket.pause();
    if (frames.length > 0) wake();
  });
  socket.on('end', () => {
    hasEnded = true;
    wake();
  });
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('it was closed')));
  socket.setTimeout(options.silenceMs, () => fail(new Error('nothing has moved on it for too long')));

  return {
    async receive() {
      for (;;) {
        const frame = frames.shift();
        if (frame !== undefined) {
          if (frames.length <= KEPT_FRAMES && socket.isPaused()) socket.resume();
          return frame;
        }
        if (hasEnded && parser.isBetween) return undefined;
        if (failure !== undefined) throw lost(failure);
        if (hasEnded) throw lost(new Error('it ended in the middle of a message'));
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async send(type, ...parts) {
      if (failure !== undefined) throw lost(failure);
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      const [first = Buffer.alloc(0), ...rest] = parts;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const written = (error: Error | null | undefined): void => {
        if (error === null || error === undefined) resolve();
        else reject(lost(failure ?? error));
      };
      // A header goes out in one record with what is short.
      const head = Buffer.concat([toHeader(type, length), first]);
      const last = rest.pop();
      socket.write(head, last === undefined ? written : undefined);
      for (const part of rest) socket.write(part);
      if (last !== undefined) socket.write(last, written);
      await promise;
    },
    end: () => void socket.end(),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

function toHeader(type: string, length: number): Buffer {
  const header = Buffer.allocUnsafe(HEADER_BYTES);
  header.write(type, 0, 1, 'latin1');
  header.writeUInt32BE(length, 1);
  return header;
}

function lost(cause: Error): DriverError {
  return new DriverError('POOL_UNAVAILABLE', `The connection is lost: ${cause.message}.`, { cause });
}

/** Puts frames together from whatever the connection hands over; each payload is one buffer. */
class FrameParser {
  readonly #maxPayloadBytes: number;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #filled = 0;
  #payload: Buffer | undefined;
  /** Of the payload, if it is from the pool. */
  #whole: Buffer | undefined;
  readonly #pool: BufferPool;

  constructor(maxPayloadBytes: number) {
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#pool = new BufferPool(maxPayloadBytes);
  }

  /** Whether nothing of a frame has come that is not complete. */
  get isBetween(): boolean {
    return this.#payload === undefined && this.#filled === 0;
  }

  *push(chunk: Buffer): Generator<Frame, void, undefined> {
    let taken = 0;
    while (taken < chunk.length) {
      const into = this.#payload ?? this.#header;
      const copied = chunk.copy(into, this.#filled, taken);
      taken += copied;
      this.#filled += copied;
      if (this.#filled < into.length) return;
      this.#filled = 0;
      if (this.#payload === undefined) this.#payload = this.#begin();
      if (this.#payload.length > 0 && into === this.#header) continue;
      yield this.#finish(this.#payload);
    }
  }

  #finish(payload: Buffer): Frame {
    const whole = this.#whole;
    this.#payload = undefined;
    this.#whole = undefined;
    const release = (): void => {
      if (whole !== undefined) this.#pool.give(whole);
    };
    return { type: this.#header.toString('latin1', 0, 1), payload, release };
  }

  #begin(): Buffer {
    const length = this.#header.readUInt32BE(1);
    if (length > this.#maxPayloadBytes) throw new Error(`a message of ${length} bytes was announced`);
    if (length < POOLED_FROM_BYTES) return Buffer.allocUnsafe(length);
    this.#whole = this.#pool.take();
    return this.#whole.subarray(0, length);
  }
}
