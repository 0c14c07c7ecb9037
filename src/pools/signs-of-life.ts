import type { Clock } from '../base/clock.ts';
import type { PoolInstance } from './registry.ts';

/**
 * When nodes gave signs of life: such as this program heard itself, and such as anybody has written down. It goes by the time of its own that nobody sets, and
 * of what was written only by that it changes: clocks of other machines, and what they said before this program began to listen, count for nothing.
 */
export class SignsOfLife {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #lastAt = new Map<string, number>();
  readonly #written = new Map<string, number>();
  #begunAt: number;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.#begunAt = clock.monotonic();
  }

  /** Listens from now on. */
  begin(): void {
    this.#begunAt = this.#clock.monotonic();
  }

  /** The node says something now. */
  hear(nodeName: string): void {
    this.#lastAt.set(nodeName, this.#clock.monotonic());
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
      this.hear(nodeName);
    }
  }

  /** For how long there was none, at most since this program began to listen. */
  getSilenceMs(nodeName: string): number {
    return this.#clock.monotonic() - (this.#lastAt.get(nodeName) ?? this.#begunAt);
  }
}
