/** Far longer than what programs say in a line; of a longer one the end counts. */
const MAX_LINE_CHARACTERS = 16 * 1024;

/** Cuts what a program prints, in whatever pieces it comes, into lines, and hands each over once it is whole. Holds no more than one line of a limited length. */
export class LineWatch {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new TextDecoder();
  #begun = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  append(chunk: Uint8Array): void {
    const [first = '', ...others] = this.#decoder.decode(chunk, { stream: true }).split('\n');
    const lines = [this.#begun + first, ...others];
    this.#begun = (lines.pop() ?? '').slice(-MAX_LINE_CHARACTERS);
    for (const line of lines) this.#onLine(line);
  }
}
