/** A controller that was stopped meanwhile may take a node for given up for half a minute after it was taken back. */
const SHOWS_FOR_MS = 60_000;

/** Which nodes were given up, as far as it may show in answers. */
export class GivenUpNodes {
  readonly #until = new Map<string, number>();

  /** From now on the node counts as gone. */
  giveUp(node: string): void {
    this.#until.set(node, Number.POSITIVE_INFINITY);
  }

  /** The node was taken back. */
  takeBack(node: string): void {
    this.#until.set(node, performance.now() + SHOWS_FOR_MS);
  }

  /** Whether an answer to a question that was asked at a time (performance.now) may take the node for gone. */
  isDoubtful(node: string, askedAt: number): boolean {
    return (this.#until.get(node) ?? Number.NEGATIVE_INFINITY) >= askedAt;
  }

  isAnyDoubtful(askedAt: number): boolean {
    return [...this.#until.keys()].some((node) => this.isDoubtful(node, askedAt));
  }
}
