/** How questions are put together. */
export interface BatchesOptions<Question, Answer> {
  /** Asks all of them at once. One answer for each, in their order, which is a value or throws. Has a deadline of its own. */
  readonly ask: (questions: readonly Question[]) => Promise<readonly (() => Answer)[]>;
  /** So many go together. */
  readonly maximum: number;
}

interface Waiting<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Questions to one place that come from many at the same time. One batch is under way; what is asked meanwhile goes together in the next one, so that
 * many cost hardly more than one, and one alone waits for nobody.
 */
export class Batches<Question, Answer> {
  readonly #options: BatchesOptions<Question, Answer>;
  readonly #waiting = new Set<Waiting<Question, Answer>>();
  #isAsking = false;

  constructor(options: BatchesOptions<Question, Answer>) {
    this.#options = options;
  }

  /** The answer to one question. A signal that aborts ends the wait. Throws what its answer throws, and what asking its batch throws. */
  async ask(question: Question, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const waiting = { question, resolve, reject };
    const leave = (): void => {
      this.#waiting.delete(waiting);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave, { once: true });
    this.#waiting.add(waiting);
    if (!this.#isAsking) void this.#askAll();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  async #askAll(): Promise<void> {
    this.#isAsking = true;
    // Who asks in the same turn goes along.
    await Promise.resolve();
    while (this.#waiting.size > 0) {
      const batch = [...this.#waiting].slice(0, this.#options.maximum);
      for (const waiting of batch) this.#waiting.delete(waiting);
      await this.#askOnce(batch);
    }
    this.#isAsking = false;
  }

  async #askOnce(batch: readonly Waiting<Question, Answer>[]): Promise<void> {
    try {
      const answers = await this.#options.ask(batch.map(({ question }) => question));
      for (const [index, waiting] of batch.entries()) settle(waiting, answers[index]);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}

function settle<Answer>(
  { resolve, reject }: Waiting<unknown, Answer>,
  answer: (() => Answer) | undefined,
): void {
  try {
    if (answer === undefined) throw new Error('A question of a batch was not answered.');
    resolve(answer());
  } catch (error) {
    reject(error);
  }
}
