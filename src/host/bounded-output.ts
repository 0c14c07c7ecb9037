/** Collects the beginning and the end of a stream, and drops what is too much from the middle. */
export class BoundedOutput {
  readonly #half: number;
  #head = Buffer.alloc(0);
  #tail = Buffer.alloc(0);
  #droppedBytes = 0;

  constructor(maximumBytes: number) {
    this.#half = Math.ceil(maximumBytes / 2);
  }

  append(chunk: Buffer): void {
    const toHead = chunk.subarray(0, this.#half - this.#head.length);
    if (toHead.length > 0) this.#head = Buffer.concat([this.#head, toHead]);
    const tail = Buffer.concat([this.#tail, chunk.subarray(toHead.length)]);
    const excess = Math.max(0, tail.length - this.#half);
    this.#droppedBytes += excess;
    // A copy, so that the kept end does not hold the whole of what it was cut from.
    this.#tail = Buffer.from(tail.subarray(excess));
  }

  toString(): string {
    if (this.#droppedBytes === 0) return Buffer.concat([this.#head, this.#tail]).toString('utf8');
    return `${this.#head.toString('utf8')}\n[${this.#droppedBytes} bytes left out]\n${this.#tail.toString('utf8')}`;
  }
}
