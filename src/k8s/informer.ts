import type { Clock } from '../base/clock.ts';
import type { Logger } from '../observability/logger.ts';
import { Trouble } from '../observability/trouble.ts';
import { isFailure, KubernetesError } from './errors.ts';
import type { ApiObject, ApiResource, Selector, WatchEvent } from './resource.ts';

/** How long the API is asked to keep a watch open: short enough that one which is dead is not believed for long. */
const WATCH_MS = 240_000;
/** A watch that ends sooner than this did not work. */
const LEAST_WATCH_MS = 1_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** After so many failures to go on from a version, everything is listed again: the API may have been set back to an older state. */
const FAILURES_BEFORE_LIST = 4;

export interface InformerOptions<T extends ApiObject> {
  readonly resource: Pick<ApiResource<T>, 'list' | 'watch'>;
  readonly selector: Selector;
  /** Called after the objects have changed, and once after they have been read for the first time. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a watch lasts, and how much longer it may be silent. Default: four minutes, and what the resource says. */
  readonly watch?: { readonly lastMs: number; readonly graceMs: number };
}

/**
 * Keeps a copy of some objects of the API: listed once, then followed by watches from version to version. When the API is away or a watch
 * breaks, the last copy stays, and it goes on with growing pauses; when the API no longer knows what happened since, it is all listed again.
 */
export class Informer<T extends ApiObject> {
  readonly #options: InformerOptions<T>;
  #objects = new Map<string, T>();
  #version: string | undefined;
  #hasSynced = false;
  #failures = 0;
  readonly #trouble: Trouble;
  /** Since when it follows; undefined while it does not. */
  #followsSince: number | undefined;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#trouble = new Trouble(options.logger);
  }

  /** The objects as far as they are known. */
  get objects(): readonly T[] {
    return [...this.#objects.values()];
  }

  /** Whether the objects have been read at least once. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Why the objects cannot be followed, when that failed more than once in a row: a sentence. Undefined while they are. */
  findObstacle(): string | undefined {
    const since = this.#followsSince;
    const isFollowing = since !== undefined && this.#options.clock.monotonic() - since >= LEAST_WATCH_MS;
    return isFollowing ? undefined : this.#trouble.sentence;
  }

  /** Follows the objects until the signal aborts, then returns. Failures are logged, once each time that they begin. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pauseMs = await this.#step(signal);
      if (pauseMs > 0 && !signal.aborted) await sleepQuietly(this.#options.clock, pauseMs, signal);
    }
  }

  /** One list or watch; the pause that is due after it, 0 for none. */
  async #step(signal: AbortSignal): Promise<number> {
    const began = this.#options.clock.monotonic();
    try {
      if (this.#version === undefined) await this.#list(signal);
      this.#followsSince = this.#options.clock.monotonic();
      await this.#follow(this.#version ?? '', signal);
      if (this.#options.clock.monotonic() - began >= LEAST_WATCH_MS) this.#noteSuccess();
      else this.#failures += 1;
      return this.#pause(undefined);
    } catch (error) {
      return signal.aborted ? 0 : this.#noteFailure(error);
    } finally {
      this.#followsSince = undefined;
    }
  }

  #noteFailure(error: unknown): number {
    this.#failures += 1;
    const isExpired = isFailure(error, 'expired');
    if (isExpired || this.#failures % FAILURES_BEFORE_LIST === 0) this.#version = undefined;
    // It is nobody's fault that the history is short: the list comes at once, and only if that expires, too, with a pause.
    if (isExpired && this.#failures === 1) return 0;
    // A connection that breaks once is nothing to tell of.
    if (this.#failures > 1) {
      this.#trouble.note('Cannot follow objects of Kubernetes; what is known of them stays', error);
    }
    return this.#pause(error);
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { resource, selector, onChange } = this.#options;
    const { items, resourceVersion } = await resource.list(selector, signal);
    const isSame =
      this.#hasSynced &&
      items.length === this.#objects.size &&
      items.every(
        (item) => this.#objects.get(keyOf(item))?.metadata.resourceVersion === item.metadata.resourceVersion,
      );
    this.#objects = new Map(items.map((item) => [keyOf(item), item]));
    this.#version = resourceVersion;
    this.#hasSynced = true;
    if (!isSame) onChange();
  }

  async #follow(version: string, signal: AbortSignal): Promise<void> {
    const { resource, selector, watch = { lastMs: WATCH_MS } } = this.#options;
    const options = { ...selector, ...watch, resourceVersion: version };
    for await (const event of resource.watch(options, signal)) {
      this.#apply(event);
      this.#noteSuccess();
    }
  }

  #apply(event: WatchEvent<T>): void {
    this.#version = event.resourceVersion;
    if (event.type === 'progress') return;
    if (event.type === 'deleted') this.#objects.delete(keyOf(event.object));
    else this.#objects.set(keyOf(event.object), event.object);
    this.#options.onChange();
  }

  #noteSuccess(): void {
    this.#trouble.end('Objects of Kubernetes are followed again');
    this.#failures = 0;
  }

  /** Doubles with each failure, and is never the same for two processes that began together. */
  #pause(error: unknown): number {
    if (this.#failures === 0) return 0;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures - 1, 10));
    const askedMs = error instanceof KubernetesError ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(pauseMs * (0.5 + Math.random() / 2), Math.min(askedMs, LONGEST_PAUSE_MS));
  }
}

function keyOf({ metadata }: ApiObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

async function sleepQuietly(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
