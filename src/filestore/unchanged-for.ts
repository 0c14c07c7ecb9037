import type { Clock } from '../base/clock.ts';

interface Observation {
  readonly token: string;
  readonly at: number;
  readonly unchangedMs: number;
}

/**
 * For how long others have left something as it is, by nobody's clock but the one that measures how long something takes here: a token is compared with what it was
 * at the look before, never with a time. Clocks of nodes and servers may differ as they like. Between two looks no more than `mostBetweenMs` is
 * counted: while a server was away nobody could renew anything.
 */
export class UnchangedFor {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #mostBetweenMs: number;
  readonly #observations = new Map<string, Observation>();

  constructor(options: { readonly clock: Pick<Clock, 'monotonic'>; readonly mostBetweenMs: number }) {
    this.#clock = options.clock;
    this.#mostBetweenMs = options.mostBetweenMs;
  }

  /** Notes what it is now, and says for how many milliseconds it has certainly been that: 0 at the first look. */
  look(name: string, token: string): number {
    const now = this.#clock.monotonic();
    const before = this.#observations.get(name);
    const unchangedMs =
      before?.token === token ? before.unchangedMs + Math.min(now - before.at, this.#mostBetweenMs) : 0;
    this.#observations.set(name, { token, at: now, unchangedMs });
    return unchangedMs;
  }

  /** Forgets all but these. */
  keepOnly(names: Iterable<string>): void {
    const kept = new Set(names);
    for (const name of this.#observations.keys()) if (!kept.has(name)) this.#observations.delete(name);
  }
}
