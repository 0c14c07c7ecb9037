/** An object as the API keeps it. */
export interface StoredObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/** One line of the history. */
export interface StoredEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** `/api/v1/namespaces/storage/secrets` */
  readonly collection: string;
  readonly version: number;
  readonly object: StoredObject;
}

/** What the fake API answers with when it refuses. */
export class Refusal extends Error {
  readonly code: number;
  readonly reason: string;

  constructor(code: number, reason: string, message: string) {
    super(message);
    this.code = code;
    this.reason = reason;
  }
}

type Draft = Readonly<Record<string, unknown>> & {
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string };
};

/** The objects of a fake API and everything that ever happened to them. Versions count up over all of them, as etcd's do. */
export class FakeApiStore {
  readonly #objects = new Map<string, StoredObject>();
  readonly #history: StoredEvent[] = [];
  readonly #listeners = new Set<(event: StoredEvent) => void>();
  #version = 100;
  #oldest = 0;

  get version(): number {
    return this.#version;
  }

  list(collection: string): readonly StoredObject[] {
    return [...this.#objects].filter(([key]) => key.startsWith(`${collection}/`)).map(([, object]) => object);
  }

  find(collection: string, name: string): StoredObject | undefined {
    return this.#objects.get(`${collection}/${name}`);
  }

  get(collection: string, name: string): StoredObject {
    const object = this.find(collection, name);
    if (object === undefined) throw new Refusal(404, 'NotFound', `"${name}" not found`);
    return object;
  }

  create(collection: string, draft: Draft): StoredObject {
    const { name } = draft.metadata;
    if (this.find(collection, name) !== undefined) {
      throw new Refusal(409, 'AlreadyExists', `"${name}" already exists`);
    }
    const uid = `uid-${name}-${this.#version + 1}`;
    return this.#put('ADDED', collection, { ...draft, metadata: { ...draft.metadata, uid } });
  }

  replace(collection: string, name: string, draft: Draft): StoredObject {
    const before = this.get(collection, name);
    const wanted = draft.metadata['resourceVersion'];
    if (typeof wanted === 'string' && wanted !== '' && wanted !== before.metadata.resourceVersion) {
      throw new Refusal(409, 'Conflict', 'the object has been modified; please apply your changes');
    }
    return this.#put('MODIFIED', collection, {
      ...draft,
      metadata: { ...draft.metadata, uid: before.metadata.uid },
    });
  }

  delete(collection: string, name: string): StoredObject {
    const object = this.get(collection, name);
    this.#objects.delete(`${collection}/${name}`);
    return this.#note('DELETED', collection, object);
  }

  /** What happened in a collection after a version. Throws 410 when that is forgotten. */
  since(collection: string, version: number): readonly StoredEvent[] {
    if (version < this.#oldest) throw new Refusal(410, 'Expired', `too old resource version: ${version}`);
    return this.#history.filter((event) => event.collection === collection && event.version > version);
  }

  /** Compacts: nobody learns any more what happened until now. */
  forgetHistory(): void {
    this.#oldest = this.#version;
  }

  /** Something happened that concerns nobody here. */
  skipVersions(count: number): void {
    this.#version += count;
  }

  onEvent(listener: (event: StoredEvent) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  #put(type: 'ADDED' | 'MODIFIED', collection: string, draft: Draft): StoredObject {
    return this.#note(type, collection, draft as unknown as StoredObject, true);
  }

  #note(type: StoredEvent['type'], collection: string, draft: StoredObject, keep = false): StoredObject {
    this.#version += 1;
    const metadata = { ...draft.metadata, resourceVersion: String(this.#version) };
    const object: StoredObject = { ...draft, metadata };
    if (keep) this.#objects.set(`${collection}/${metadata.name}`, object);
    const event = { type, collection, version: this.#version, object };
    this.#history.push(event);
    for (const listener of this.#listeners) listener(event);
    return object;
  }
}
