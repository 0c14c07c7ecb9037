import type { Secret, SecretDraft, Secrets } from '../../src/k8s/secrets.ts';

/** Secrets in memory, with versions. */
export class FakeSecrets implements Secrets {
  readonly #secrets = new Map<string, Secret>();
  #version = 0;
  /** How often something was written. */
  writes = 0;

  async find(name: string): Promise<Secret | undefined> {
    return this.#secrets.get(name);
  }

  async ensure(draft: SecretDraft): Promise<Secret> {
    return this.#secrets.get(draft.name) ?? this.#write(draft);
  }

  async replace(secret: Secret): Promise<Secret | undefined> {
    const before = this.#secrets.get(secret.name);
    return before?.resourceVersion === secret.resourceVersion ? this.#write(secret) : undefined;
  }

  /** What a test wants to be there, whatever was there before. */
  put(draft: SecretDraft): void {
    this.#write(draft);
  }

  remove(name: string): void {
    this.#secrets.delete(name);
  }

  get(name: string): Secret {
    const secret = this.#secrets.get(name);
    if (secret === undefined) throw new Error(`no Secret ${name}`);
    return secret;
  }

  #write(draft: SecretDraft): Secret {
    this.#version += 1;
    this.writes += 1;
    const secret = { ...draft, resourceVersion: String(this.#version) };
    this.#secrets.set(draft.name, secret);
    return secret;
  }
}
