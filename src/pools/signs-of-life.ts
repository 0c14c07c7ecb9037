import type { Clock } from '../base/clock.ts';
import type { PoolInstance } from './registry.ts';

/** Several times as long as rounds are apart, and much shorter than any policy waits. */
const AWAY_MS = 30_000;

/**
 * When nodes gave signs of life: such as this program heard itself, and such as anybody has written down. It goes by the time of its own that nobody sets, and
 * of what was written only by that it changes: clocks of other machines, and what they said before this program began to listen, count for nothing.
 */
export class SignsOfLife {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #lastAt = new Map<string, number>();
  readonly #written = new Map<string, number>();
  #begunAt: number;
  #roundAt: number;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.#begunAt = clock.monotonic();
    this.#roundAt = this.#begunAt;
  }

  /** Listens from now on. */
  begin(): void {
    this.#lastAt.clear();
    this.#begunAt = this.#clock.monotonic();
    this.#roundAt = this.#begunAt;
  }

  /** These say something now. A program that has not listened for long, since it was stopped for instance, begins anew. */
  hear(nodeNames: readonly string[]): void {
    const now = this.#clock.monotonic();
    if (now - this.#roundAt > AWAY_MS) this.begin();
    this.#roundAt = now;
    for (const nodeName of nodeNames) this.#lastAt.set(nodeName, now);
  }

  /** Takes notice of what is registered now. */
  read(instances: readonly PoolInstance[]): void {
    const latest = new Map<string, number>();
    for (const { nodeName, lastSeen } of instances) {
      latest.set(nodeName, Math.max(lastSeen.getTime(), latest.get(nodeName) ?? Number.NEGATIVE_INFINITY));
    }
    for (const [nodeName, lastSeenMs] of latest) {
      if (this.#written.get(nodeName) === lastSeenMs) continue;
      this.#written.set(nodeName, lastSeenMs);
      this.#lastAt.set(nodeName, this.#clock.monotonic());
    }
  }

  /** For how long there was none, at most since this program began to listen. */
  getSilenceMs(nodeName: string): number {
    return this.#clock.monotonic() - (this.#lastAt.get(nodeName) ?? this.#begunAt);
  }
}
