/** How many buffers that nobody uses are kept. */
const KEPT = 4;

/** Buffers of one size that are used again: what is large and short-lived costs more to make and to forget than to fill. */
export class BufferPool {
  readonly #bytes: number;
  readonly #free: Buffer[] = [];

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** A buffer with anything in it. One that is never given back is garbage like any other. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bytes);
  }

  /** Gives back what {@link take} returned, once, when nobody reads or writes it any more. */
  give(buffer: Buffer): void {
    if (this.#free.length < KEPT) this.#free.push(buffer);
  }
}
