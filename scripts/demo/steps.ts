/** One line of the summary. */
export interface StepOutcome {
  readonly title: string;
  readonly ms: number;
  readonly note: string;
}

/** Runs the steps of the demonstration one by one, prints each with its time, and keeps them for the summary. */
export class Steps {
  readonly #done: StepOutcome[] = [];
  readonly #print: (line: string) => void;

  constructor(print: (line: string) => void = console.log) {
    this.#print = print;
  }

  /** Runs `work` and prints what it returns beside the title; what it throws ends the demonstration. */
  async run<T>(title: string, work: () => Promise<T>, toNote: (result: T) => string = () => ''): Promise<T> {
    const startedAt = performance.now();
    const result = await work();
    const outcome = { title, ms: performance.now() - startedAt, note: toNote(result) };
    this.#done.push(outcome);
    this.#print(`  ${title.padEnd(46)}${formatMs(outcome.ms)}  ${outcome.note}`);
    return result;
  }

  /** The outcomes so far. */
  get outcomes(): readonly StepOutcome[] {
    return this.#done;
  }
}

/** Milliseconds in a column of fixed width. */
export function formatMs(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 1 : 0).padStart(7)} ms`;
}

/** Bytes as MiB. */
export function formatMiB(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
