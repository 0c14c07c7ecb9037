/** A lock per key, held by one owner at a time. Waiting is the caller's choice: see {@link KeyedLock.acquire}. */
export class KeyedLock {
  readonly #tails = new Map<string, Promise<void>>();

  /**
   * Waits for the key's earlier owners, in order of arrival, then holds it until the result is disposed.
   * Throws the signal's reason when it aborts first; the key is then not held.
   */
  async acquire(key: string, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    const before = this.#tails.get(key) ?? Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const tail = before.then(() => promise);
    this.#tails.set(key, tail);
    const release = (): void => {
      resolve();
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    };
    try {
      await raceAbort(before, signal);
    } catch (error) {
      // The place in the queue is given up only when its turn comes, so that later waiters keep their order.
      void before.then(release);
      throw error;
    }
    return { [Symbol.dispose]: release };
  }

  /** Holds the key at once, or returns undefined when somebody else has it. */
  tryAcquire(key: string): Disposable | undefined {
    if (this.#tails.has(key)) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tails.set(key, promise);
    return {
      [Symbol.dispose]: () => {
        resolve();
        if (this.#tails.get(key) === promise) this.#tails.delete(key);
      },
    };
  }
}

/**
 * Settles as `promise` does, or rejects with the signal's reason when that comes first. The work behind `promise` goes
 * on either way: only this wait ends.
 */
export async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  // When the signal wins, nobody waits for the promise any more: its failure must not count as unhandled.
  promise.catch(() => undefined);
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
