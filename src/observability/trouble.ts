import type { LogFields, Logger } from './logger.ts';

/**
 * Something that is wrong for a while. The log says it when it begins, when it becomes something else, and when it is over; what only repeats it is
 * logged as debug. Whoever asks meanwhile is told.
 */
export class Trouble {
  readonly #logger: Logger;
  readonly #level: 'error' | 'warn';
  #sentence: string | undefined;

  constructor(logger: Logger, level: 'error' | 'warn' = 'warn') {
    this.#logger = logger;
    this.#level = level;
  }

  /** What is wrong now, as the error said it; undefined when nothing is. */
  get sentence(): string | undefined {
    return this.#sentence;
  }

  /** It is so, by this error: one with another message is another trouble. `message` says what does not work by it. */
  note(message: string, error: unknown, fields: LogFields = {}): void {
    const sentence = error instanceof Error ? error.message : String(error);
    const level = sentence === this.#sentence ? 'debug' : this.#level;
    this.#sentence = sentence;
    this.#logger[level](message, { ...fields, err: error });
  }

  /** It is over, or never was. `message` is logged if it was, and left out when the caller says it in its own way. */
  end(message?: string, fields: LogFields = {}): void {
    if (this.#sentence === undefined) return;
    this.#sentence = undefined;
    if (message !== undefined) this.#logger.info(message, fields);
  }
}
