import * as z from 'zod';
import type { Clock } from '../base/clock.ts';
import { randomId } from '../base/ids.ts';
import { toOneLine } from '../base/one-line.ts';
import type { Logger } from '../observability/logger.ts';
import type { ApiClient } from './client.ts';
import { EVENTS } from './kinds.ts';
import { ApiResource, ObjectMeta } from './resource.ts';

/** What is told again within this time is counted up in the same Event. */
const SAME_FOR_MS = 600_000;
/** And no more often than this. */
const COUNT_EVERY_MS = 60_000;
/** New Events: so many at once, and one more in each period. */
const BURST = 25;
const REFILL_MS = 12_000;
const MAX_REMEMBERED = 1_000;
/** The API takes 1024. */
const MAX_MESSAGE = 1_000;
/** Events of what is in no namespace are here. */
const DEFAULT_NAMESPACE = 'default';

/** What an Event is about. */
export interface EventObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  /** `kubectl describe` shows only those with the right one. */
  readonly uid?: string;
}

/** Something that the users of an object should know. */
export interface ObjectEvent {
  readonly about: EventObject;
  readonly type: 'Normal' | 'Warning';
  /** One word: `PoolAlmostFull`. */
  readonly reason: string;
  readonly message: string;
}

/** Tells users of objects what happens to these, as Events. */
export interface EventRecorder {
  /** Comes back at once. What cannot be told is logged and lost; the same again only counts up, and too many are dropped. */
  record(event: ObjectEvent): void;
  /** Waits until everything so far has been told, or is lost. */
  flush(): Promise<void>;
}

export interface EventRecorderOptions {
  readonly client: ApiClient;
  /** Who tells: the name of a driver. */
  readonly component: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

interface Told {
  readonly name: string;
  count: number;
  readonly since: number;
  /** When the Event was written last. */
  writtenAt: number;
}

/** Events over the API, one after the other. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options);
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #told = new Map<string, Told>();
  #queue = Promise.resolve();
  #tokens = BURST;
  #refilledAt: number;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#refilledAt = options.clock.monotonic();
  }

  record(event: ObjectEvent): void {
    const { clock } = this.#options;
    const now = clock.monotonic();
    const at = toSeconds(clock.now());
    const key = JSON.stringify([event.about, event.type, event.reason, event.message]);
    const told = this.#told.get(key);
    if (told !== undefined && now - told.since < SAME_FOR_MS) {
      told.count += 1;
      if (now - told.writtenAt < COUNT_EVERY_MS) return;
      told.writtenAt = now;
      this.#enqueue(event, () => this.#countUp(event, told, at));
      return;
    }
    if (!this.#takeToken(now)) {
      this.#options.logger.debug('Too many Events at once: one is dropped', { reason: event.reason });
      return;
    }
    const first: Told = { name: `${event.about.name}.${randomId(10)}`, count: 1, since: now, writtenAt: now };
    this.#remember(key, first);
    this.#enqueue(event, () => this.#create(event, first, at));
  }

  async flush(): Promise<void> {
    await this.#queue;
  }

  #enqueue(event: ObjectEvent, write: () => Promise<void>): void {
    this.#queue = this.#queue.then(write).catch((error: unknown) => {
      if (this.#options.signal.aborted) return;
      this.#options.logger.warn('An Event could not be told', { err: error, reason: event.reason });
    });
  }

  async #create({ about, type, reason, message }: ObjectEvent, told: Told, at: string): Promise<void> {
    const { component, signal } = this.#options;
    await this.#resource(about).create(
      {
        metadata: { name: told.name },
        involvedObject: { ...about },
        type,
        reason,
        message: toOneLine(message, MAX_MESSAGE),
        source: { component },
        firstTimestamp: at,
        lastTimestamp: at,
        count: 1,
      },
      signal,
    );
  }

  async #countUp({ about }: ObjectEvent, { name, count }: Told, at: string): Promise<void> {
    const patch = { count, lastTimestamp: at };
    await this.#resource(about).mergePatch(name, patch, this.#options.signal);
  }

  #resource({ namespace = DEFAULT_NAMESPACE }: EventObject): ApiResource<{ metadata: ObjectMeta }> {
    const schema = z.object({ metadata: ObjectMeta });
    return new ApiResource(this.#options.client, EVENTS, { namespace, schema });
  }

  /** The oldest are forgotten first: what is told again after that is told as new. */
  #remember(key: string, told: Told): void {
    this.#told.delete(key);
    this.#told.set(key, told);
    const [oldest] = this.#told.keys();
    if (this.#told.size > MAX_REMEMBERED && oldest !== undefined) this.#told.delete(oldest);
  }

  #takeToken(now: number): boolean {
    const periods = Math.floor((now - this.#refilledAt) / REFILL_MS);
    this.#tokens = Math.min(BURST, this.#tokens + periods);
    this.#refilledAt += periods * REFILL_MS;
    if (this.#tokens === 0) return false;
    this.#tokens -= 1;
    return true;
  }
}

/** The API takes no fractions of seconds here. */
function toSeconds(now: number): string {
  return new Date(now).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
