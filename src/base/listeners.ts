/** Those who want to be told of something that has no details. */
export class Listeners {
  readonly #all = new Set<() => void>();

  /** Disposing the result ends it. The same function may be added twice. */
  add(listener: () => void): Disposable {
    const own = (): void => listener();
    this.#all.add(own);
    return { [Symbol.dispose]: () => void this.#all.delete(own) };
  }

  /** Tells everybody, in the order in which they came. */
  tell(): void {
    for (const listener of this.#all) listener();
  }
}
