import * as z from 'zod';
import type { ApiClient } from './client.ts';
import { SECRETS } from './kinds.ts';
import { ApiResource, ObjectMeta } from './resource.ts';

const RawSecret = z.object({
  metadata: ObjectMeta,
  type: z.string().default('Opaque'),
  data: z.record(z.string(), z.string()).nullish(),
});

/** A Secret, its values decoded. Never log one. */
export interface Secret {
  readonly name: string;
  /** Cannot be changed. */
  readonly type: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** UTF-8 texts. */
  readonly data: Readonly<Record<string, string>>;
  /** Of what was read: {@link Secrets.replace} refuses any other. */
  readonly resourceVersion: string;
}

/** A Secret that is to be made. */
export type SecretDraft = Omit<Secret, 'resourceVersion'>;

/** The Secrets of one namespace, by name: nothing here lists them. */
export interface Secrets {
  find(name: string, signal: AbortSignal): Promise<Secret | undefined>;
  /** The one that is there when this returns: the draft, or whatever had the name before. Safe for several makers at once. */
  ensure(draft: SecretDraft, signal: AbortSignal): Promise<Secret>;
  /** Undefined when it was changed since it was read, or is gone: read again, and decide again. Labels and annotations of others have to be in it to stay. */
  replace(secret: Secret, signal: AbortSignal): Promise<Secret | undefined>;
}

/** Secrets of a namespace over the API. */
export function createSecrets(client: ApiClient, namespace: string): Secrets {
  const resource = new ApiResource(client, SECRETS, { namespace, schema: RawSecret });

  async function find(name: string, signal: AbortSignal): Promise<Secret | undefined> {
    const raw = await resource.find(name, signal);
    return raw === undefined ? undefined : fromRaw(raw);
  }

  return {
    find,

    async ensure(draft, signal) {
      for (;;) {
        const existing = await find(draft.name, signal);
        if (existing !== undefined) return existing;
        const { name, type, labels, annotations, data } = draft;
        const created = await resource.create(
          { metadata: { name, labels, annotations }, type, data: encode(data) },
          signal,
        );
        // Another one came first, and may even be gone again: look once more.
        if (created !== undefined) return fromRaw(created);
      }
    },

    async replace({ name, type, labels, annotations, data, resourceVersion }, signal) {
      const metadata = { name, resourceVersion, labels, annotations };
      const replaced = await resource.replace({ metadata, type, data: encode(data) }, signal);
      return replaced === undefined ? undefined : fromRaw(replaced);
    },
  };
}

function fromRaw({ metadata, type, data }: z.infer<typeof RawSecret>): Secret {
  const { name, labels = {}, annotations = {}, resourceVersion } = metadata;
  return { name, type, labels, annotations, data: decode(data ?? {}), resourceVersion };
}

function decode(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}

function encode(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')]),
  );
}
