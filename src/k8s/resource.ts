import * as z from 'zod';
import type { ApiCall, ApiClient } from './client.ts';
import type { Verb } from './errors.ts';
import { isFailure, KubernetesError, toApiError, toWords } from './errors.ts';
import type { Kind } from './kinds.ts';
import { toTypeMeta } from './kinds.ts';

const PAGE_SIZE = 500;

/** The API keeps what a list began with for minutes; who cannot read it in that time cannot read it at all. */
const MAX_LISTS = 3;

/** What every object says of itself. */
export const ObjectMeta = z.object({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string().default(''),
  resourceVersion: z.string().default(''),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
export type ObjectMeta = Readonly<z.infer<typeof ObjectMeta>>;

/** The least that an object is. */
export interface ApiObject {
  readonly metadata: ObjectMeta;
}

/** An object that is to be written: what it says beside its kind. */
export interface ObjectDraft {
  readonly metadata: {
    readonly name: string;
    /** Of what is replaced: the API refuses when it has changed since. */
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
  };
  readonly [field: string]: unknown;
}

/** Which objects are meant, as the API writes it: `app=stowage,tier!=test`. */
export interface Selector {
  readonly labelSelector?: string | undefined;
}

/** Since when, and how long. */
export interface WatchOptions {
  readonly resourceVersion: string;
  /** After this the API ends the watch. Whole seconds, at least one. */
  readonly lastMs: number;
  /** After this much more it counts as dead. Default: 15 seconds. */
  readonly graceMs?: number | undefined;
}

/** All objects of one moment. */
export interface ObjectList<T> {
  readonly items: readonly T[];
  /** Of that moment: a watch goes on from here. */
  readonly resourceVersion: string;
}

/** One thing that happened, or, for `progress`, only how far the API has come. */
export type WatchEvent<T> =
  | { readonly type: 'set' | 'deleted'; readonly object: T; readonly resourceVersion: string }
  | { readonly type: 'progress'; readonly resourceVersion: string };

const List = z.object({
  metadata: z.object({ resourceVersion: z.string().default(''), continue: z.string().optional() }),
  items: z.array(z.unknown()).nullish(),
});

const Line = z.object({ type: z.string(), object: z.unknown() });
const Versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });
const ErrorStatus = z.object({ code: z.number().default(500) });

/**
 * The objects of one kind, in one namespace if the kind has those. What comes from the API is parsed by a schema, which says what this
 * program needs of it. What may well happen (absent, exists already, changed since) is a result; everything else is a KubernetesError.
 */
export class ApiResource<T extends ApiObject> {
  readonly #client: ApiClient;
  readonly #kind: Kind;
  readonly #namespace: string | undefined;
  readonly #schema: z.ZodType<T>;

  constructor(
    client: ApiClient,
    kind: Kind,
    options: { readonly namespace?: string; readonly schema: z.ZodType<T> },
  ) {
    if (kind.namespaced !== (options.namespace !== undefined)) {
      throw new Error(`${kind.plural}: a namespace is for kinds that have those`);
    }
    this.#client = client;
    this.#kind = kind;
    this.#namespace = options.namespace;
    this.#schema = options.schema;
  }

  /** The object, or undefined when the API says that there is none of this name. */
  async find(name: string, signal: AbortSignal): Promise<T | undefined> {
    return await ignore('absent', this.#one({ verb: 'get', name }, signal));
  }

  /** All objects of one moment, read in pages; begins again when the pages grow too old meanwhile. */
  async list(selector: Selector, signal: AbortSignal): Promise<ObjectList<T>> {
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await this.#listOnce(selector, signal);
      } catch (error) {
        if (!isFailure(error, 'expired') || attempts === MAX_LISTS) throw error;
      }
    }
  }

  /** Makes the object; undefined when one of its name exists already. */
  async create(draft: ObjectDraft, signal: AbortSignal): Promise<T | undefined> {
    const body = { ...toTypeMeta(this.#kind), ...draft };
    return await ignore(
      'already-exists',
      this.#one({ verb: 'create', name: draft.metadata.name, body }, signal),
    );
  }

  /** Replaces the whole object; undefined when it has changed since its resourceVersion, or is gone. */
  async replace(draft: ObjectDraft, signal: AbortSignal): Promise<T | undefined> {
    const body = { ...toTypeMeta(this.#kind), ...draft };
    const replaced = this.#one({ verb: 'update', name: draft.metadata.name, body }, signal);
    return await ignore('conflict', ignore('absent', replaced));
  }

  /** Changes what the patch names (RFC 7396; a resourceVersion in it has to be that of now); undefined as for {@link replace}. */
  async mergePatch(name: string, patch: unknown, signal: AbortSignal): Promise<T | undefined> {
    const patched = this.#one({ verb: 'patch', name, body: patch }, signal);
    return await ignore('conflict', ignore('absent', patched));
  }

  /**
   * Deletes the object, if it is still the one that is meant. True when it is gone then, or finalizers keep it for a while; false when it
   * is another one by now. Idempotent.
   */
  async delete(
    name: string,
    preconditions: { readonly uid?: string; readonly resourceVersion?: string },
    signal: AbortSignal,
  ): Promise<boolean> {
    const call = this.#target('delete', {
      name,
      body: { kind: 'DeleteOptions', apiVersion: 'v1', preconditions },
    });
    try {
      await this.#client.call(call, signal);
      return true;
    } catch (error) {
      if (isFailure(error, 'absent')) return true;
      if (isFailure(error, 'conflict')) return false;
      throw error;
    }
  }

  /**
   * What happens after `resourceVersion`, until the API ends the watch after about `lastMs`. Throws `expired` when it no longer knows what
   * happened then: list again.
   */
  async *watch(
    options: Selector & WatchOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const { labelSelector, resourceVersion, lastMs, graceMs = WATCH_GRACE_MS } = options;
    const call = this.#target('watch', {
      query: {
        watch: 'true',
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(Math.max(1, Math.round(lastMs / 1000))),
        labelSelector,
        resourceVersion,
      },
    });
    for await (const line of this.#client.watch(call, lastMs + graceMs, signal)) {
      yield this.#toEvent(this.#parse(Line, line, call), call);
    }
  }

  async #listOnce(selector: Selector, signal: AbortSignal): Promise<ObjectList<T>> {
    const items: T[] = [];
    let next: string | undefined;
    let resourceVersion: string;
    do {
      const query = { ...selector, limit: String(PAGE_SIZE), continue: next };
      const call = this.#target('list', { query });
      const page = this.#parse(List, await this.#client.call(call, signal), call);
      for (const item of page.items ?? []) items.push(this.#parse(this.#schema, item, call));
      ({ resourceVersion, continue: next } = page.metadata);
    } while (next !== undefined && next !== '');
    return { items, resourceVersion };
  }

  async #one(call: { readonly verb: Verb } & Partial<ApiCall>, signal: AbortSignal): Promise<T> {
    const whole = this.#target(call.verb, call);
    return this.#parse(this.#schema, await this.#client.call(whole, signal), whole);
  }

  #target(verb: Verb, rest: Partial<ApiCall>): ApiCall {
    return { ...rest, verb, kind: this.#kind, namespace: this.#namespace };
  }

  #toEvent({ type, object }: z.infer<typeof Line>, call: ApiCall): WatchEvent<T> {
    if (type === 'ERROR') {
      const { code } = ErrorStatus.catch({ code: 500 }).parse(object);
      throw toApiError(call, { status: code, body: JSON.stringify(object) });
    }
    const { resourceVersion } = this.#parse(Versioned, object, call).metadata;
    if (type === 'BOOKMARK') return { type: 'progress', resourceVersion };
    const parsed = this.#parse(this.#schema, object, call);
    return { type: type === 'DELETED' ? 'deleted' : 'set', object: parsed, resourceVersion };
  }

  /** An answer that is not what the API promises comes from something else, or from an API that is too new. */
  #parse<U>(schema: z.ZodType<U>, value: unknown, call: ApiCall): U {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    // Where it is wrong, and never what is there: that may be a secret.
    throw new KubernetesError(
      'invalid',
      `Cannot ${toWords(call)}: the answer is not as it should be at ${issue?.path.join('.') || 'its root'} (${issue?.code}).`,
    );
  }
}

/** A watch that the API should have ended by now is dead. */
const WATCH_GRACE_MS = 15_000;

async function ignore<T>(
  failure: 'absent' | 'already-exists' | 'conflict',
  work: Promise<T | undefined>,
): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isFailure(error, failure)) return undefined;
    throw error;
  }
}
