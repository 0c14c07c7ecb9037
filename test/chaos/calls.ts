import { setTimeout as sleep } from 'node:timers/promises';
import { DriverError } from '../../src/domain/errors.ts';
import type { ClientCallOptions } from '../../src/rpc/service.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { GivenUpNodes } from './given-up-nodes.ts';

/** What a caller may be told while programs are killed, frozen and started: ask again. Everything else is a finding. */
const AGAIN: ReadonlySet<unknown> = new Set(['UNAVAILABLE', 'ABORTED', 'DEADLINE_EXCEEDED', 'CANCELLED']);
/** And while a node is given up: what it has is not there, and nothing can be made there. */
const AGAIN_WITHOUT_NODE: ReadonlySet<unknown> = new Set(['NOT_FOUND', 'RESOURCE_EXHAUSTED']);
const PATIENT_MS = 10_000;

/** One call to one of the programs that may be asked. */
export type Attempt<Client, T> = (client: Client, options: ClientCallOptions) => Promise<T>;

/** How a call is made until it has an answer. */
export interface Calls<Client> {
  /** Repeats the call, at one program or the other, sometimes impatiently, sometimes at both at once, until it succeeds. */
  untilDone<T>(what: string, attempt: Attempt<Client, T>): Promise<T>;
  /** Asks once; undefined when there was no answer. */
  once<T>(what: string, attempt: Attempt<Client, T>): Promise<T | undefined>;
}

export interface CallsOptions<Client> {
  /** Which of them answers does not matter. */
  readonly clients: readonly Client[];
  readonly random: SeededRandom;
  readonly statistics: Statistics;
  readonly givenUp: GivenUpNodes;
  /** No call may go on after this (performance.now). */
  readonly giveUpAt: () => number;
}

/** What happened, for people. */
export class Statistics {
  readonly #counts = new Map<string, number>();

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  toString(): string {
    return [...this.#counts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, count]) => `${what} ${count}`)
      .join(', ');
  }
}

/** Calls as a sidecar makes them that is killed and loses elections all the time. */
export function createCalls<Client>(options: CallsOptions<Client>): Calls<Client> {
  const { clients, random, statistics, givenUp, giveUpAt } = options;
  const once = async <T>(
    what: string,
    attempt: Attempt<Client, T>,
    deadlineMs: number,
  ): Promise<T | undefined> => {
    const client = random.pick(clients);
    const since = performance.now();
    try {
      return await attempt(client, { deadlineMs });
    } catch (error) {
      const status = error instanceof DriverError ? error.details['status'] : undefined;
      const passes = AGAIN.has(status) || (AGAIN_WITHOUT_NODE.has(status) && givenUp.isAnyDoubtful(since));
      if (!passes && !isBroken(error)) throw new Error(`${what}: ${String(error)}`, { cause: error });
      statistics.count(String(status));
      return undefined;
    }
  };
  return {
    once: (what, attempt) => once(what, attempt, PATIENT_MS),
    async untilDone(what, attempt) {
      while (true) {
        const deadlineMs = random.chance(0.2) ? random.between(5, 1500) : PATIENT_MS;
        const twice = random.chance(0.15) ? [1, 2] : [1];
        const answers = await Promise.all(twice.map(() => once(what, attempt, deadlineMs)));
        const [answer, other] = answers.filter((each) => each !== undefined);
        if (answer !== undefined) {
          if (other !== undefined && !isSame(answer, other)) {
            throw new Error(`${what}: two answers, ${JSON.stringify(answer)} and ${JSON.stringify(other)}`);
          }
          return answer;
        }
        if (performance.now() > giveUpAt()) throw new Error(`${what}: no answer in time`);
        await sleep(random.between(10, 300));
      }
    },
  };
}

/** A connection that broke in the middle of an answer, which is not the driver's word. */
function isBroken(error: unknown): boolean {
  return error instanceof DriverError && /RST_STREAM|Connection dropped|ECONNRESET/.test(error.message);
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
