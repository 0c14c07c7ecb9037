import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { ApiAccess } from '../../src/k8s/access.ts';
import { ApiClient } from '../../src/k8s/client.ts';
import { applyMergePatch } from './fake-api-patch.ts';
import { FakeApiStore, Refusal } from './fake-api-store.ts';

/** One request that was served. */
export interface SeenRequest {
  /** As rules of access have it. */
  readonly verb: string;
  readonly group: string;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly query: URLSearchParams;
}

/** What becomes of a request instead of its answer: a status, a broken connection, or nothing at all, for ever. */
export type Fault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  | 'drop'
  | 'stall';

interface Gathering {
  left: number;
  readonly matches: (request: SeenRequest) => boolean;
  readonly complete: PromiseWithResolvers<void>;
}

interface PlannedFault {
  readonly fault: Fault;
  readonly matches: (request: SeenRequest) => boolean;
  left: number;
}

const PATH =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>[^/]+)(?:\/namespaces\/(?<namespace>[^/]+)(?=\/))?(?:\/(?<plural>[^/]+))?(?:\/(?<name>[^/]+))?$/;

/**
 * As much of a Kubernetes API as this project uses, over real HTTP: objects of any kind with versions, conflicts, selectors by label, pages,
 * watches with bookmarks, patches; and what goes wrong with one. Only kinds of {@link FakeApiServer.kinds} exist.
 */
export class FakeApiServer implements AsyncDisposable {
  readonly store = new FakeApiStore();
  readonly requests: SeenRequest[] = [];
  /** `secrets`, `pools.stowage.dev` */
  readonly kinds = new Set([
    'pods',
    'secrets',
    'events',
    'namespaces',
    'persistentvolumes',
    'leases.coordination.k8s.io',
    'pools.stowage.dev',
    'tombstones.stowage.dev',
  ]);
  /** Says no to what is not allowed; default: nothing is forbidden. */
  isAllowed: (request: SeenRequest) => boolean = () => true;
  /** The token that is asked for; undefined: everybody is let in. */
  token: string | undefined;
  readonly #faults: PlannedFault[] = [];
  #gathering: Gathering | undefined;
  readonly #watches = new Set<ServerResponse>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /** Starts at a port of its own, or again at the one that it had. */
  async listen(port = 0): Promise<this> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get watchCount(): number {
    return this.#watches.size;
  }

  /** A client of this server that waits no longer than a test should. */
  createClient({ deadlineMs = 5_000 } = {}): ApiClient {
    return new ApiClient({ access: this.createAccess(), deadlineMs });
  }

  createAccess(headers: Readonly<Record<string, string>> = {}): ApiAccess {
    const agent = new Agent({ keepAlive: true });
    const server = `http://127.0.0.1:${this.port}`;
    return {
      route: async () => ({ server, headers, agent }),
      forgetCredentials: () => undefined,
      [Symbol.dispose]: () => agent.destroy(),
    };
  }

  /** The next `times` requests that match meet this fault. */
  fail(fault: Fault, matches: (request: SeenRequest) => boolean = () => true, times = 1): void {
    this.#faults.push({ fault, matches, left: times });
  }

  /** The next `count` requests that match are carried out once all of them have come. */
  gather(count: number, matches: (request: SeenRequest) => boolean): void {
    this.#gathering = { left: count, matches, complete: Promise.withResolvers<void>() };
  }

  /** Breaks every watch in the middle. */
  dropWatches(): void {
    for (const watch of this.#watches) watch.destroy();
  }

  /** Ends every watch as the API does in time. */
  endWatches(): void {
    for (const watch of this.#watches) watch.end();
  }

  /** Tells every watch how far the history is. */
  sendBookmarks(): void {
    const metadata = { resourceVersion: String(this.store.version) };
    for (const watch of this.#watches) {
      watch.write(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata } })}\n`);
    }
  }

  /** Says in every watch that the history is forgotten, as the API does in a watch under way. */
  expireWatches(): void {
    this.store.forgetHistory();
    const object = toStatus(new Refusal(410, 'Expired', 'too old resource version'));
    for (const watch of this.#watches) watch.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    try {
      await this.#answer(request, response);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      response.writeHead(error.code, { 'content-type': 'application/json' });
      response.end(JSON.stringify(toStatus(error)));
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake');
    const seen = parseRequest(request.method ?? 'GET', url);
    if (seen === undefined) {
      response.writeHead(404).end('404 page not found\n');
      return;
    }
    this.requests.push(seen);
    const fault = this.#takeFault(seen);
    if (fault !== undefined) {
      inflict(fault, response);
      return;
    }
    this.#admit(seen, request);
    const body = request.method === 'GET' ? undefined : await json(request);
    await this.#waitForOthers(seen);
    if (seen.verb === 'watch') {
      this.#watch(url.pathname, seen, response);
      return;
    }
    const answer = this.#perform(url.pathname, seen, { body, type: request.headers['content-type'] });
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  async #waitForOthers(seen: SeenRequest): Promise<void> {
    const gathering = this.#gathering;
    if (gathering === undefined || gathering.left === 0 || !gathering.matches(seen)) return;
    gathering.left -= 1;
    if (gathering.left === 0) gathering.complete.resolve();
    await gathering.complete.promise;
  }

  #takeFault(seen: SeenRequest): Fault | undefined {
    const planned = this.#faults.find(({ left, matches }) => left > 0 && matches(seen));
    if (planned !== undefined) planned.left -= 1;
    return planned?.fault;
  }

  #admit(seen: SeenRequest, request: IncomingMessage): void {
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      throw new Refusal(401, 'Unauthorized', 'Unauthorized');
    }
    if (!this.isAllowed(seen)) {
      throw new Refusal(403, 'Forbidden', `User "test" cannot ${seen.verb} resource "${seen.plural}"`);
    }
    if (seen.plural !== '' && !this.kinds.has(toResource(seen))) {
      throw new Refusal(404, '', 'the server could not find the requested resource');
    }
    if (seen.plural === '' && ![...this.kinds].some((kind) => kind.endsWith(`.${seen.group}`))) {
      throw new Refusal(404, 'NotFound', 'the server could not find the requested resource');
    }
  }

  #perform(
    path: string,
    seen: SeenRequest,
    { body, type }: { readonly body: unknown; readonly type: string | undefined },
  ): unknown {
    const { verb, name = '' } = seen;
    const collection = seen.name === undefined ? path : path.slice(0, path.lastIndexOf('/'));
    const draft = body as Parameters<FakeApiStore['create']>[1];
    if (verb === 'list') return this.#list(collection, seen);
    if (verb === 'get') return seen.plural === '' ? {} : this.store.get(collection, name);
    if (verb === 'create') return this.store.create(collection, draft);
    if (verb === 'update') return this.store.replace(collection, name, draft);
    if (verb === 'patch') {
      if (type !== 'application/merge-patch+json') throw new Refusal(415, 'UnsupportedMediaType', `${type}`);
      const before = this.store.get(collection, name);
      return this.store.replace(collection, name, applyMergePatch(before, body) as typeof draft);
    }
    return this.#delete(collection, name, body);
  }

  #delete(collection: string, name: string, body: unknown): unknown {
    const { metadata } = this.store.get(collection, name);
    const { preconditions = {} } = body as { preconditions?: Record<string, string> };
    for (const [field, value] of Object.entries(preconditions)) {
      if (metadata[field] !== value) throw new Refusal(409, 'Conflict', `the ${field} does not match`);
    }
    return this.store.delete(collection, name);
  }

  #list(collection: string, { query }: SeenRequest): unknown {
    const all = this.store.list(collection).filter((object) => isSelected(object, query));
    const start = Number(query.get('continue') ?? 0);
    const end = Math.min(all.length, start + Number(query.get('limit') ?? all.length));
    const metadata = {
      resourceVersion: String(this.store.version),
      ...(end < all.length ? { continue: String(end) } : {}),
    };
    return { metadata, items: all.slice(start, end) };
  }

  #watch(collection: string, { query }: SeenRequest, response: ServerResponse): void {
    const send = (event: { readonly type: string; readonly object: unknown }): void => {
      response.write(`${JSON.stringify({ type: event.type, object: event.object })}\n`);
    };
    const missed = this.store.since(collection, Number(query.get('resourceVersion')));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    for (const event of missed) {
      if (isSelected(event.object, query)) send(event);
    }
    const subscription = this.store.onEvent((event) => {
      if (event.collection === collection && isSelected(event.object, query)) send(event);
    });
    this.#watches.add(response);
    const timer = setTimeout(() => response.end(), Number(query.get('timeoutSeconds') ?? 300) * 1000);
    response.on('close', () => {
      clearTimeout(timer);
      subscription[Symbol.dispose]();
      this.#watches.delete(response);
    });
  }
}

/** Starts a fake API. */
export async function startFakeApi(): Promise<FakeApiServer> {
  return await new FakeApiServer().listen();
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

function parseRequest(method: string, { pathname, searchParams }: URL): SeenRequest | undefined {
  const groups = PATH.exec(pathname)?.groups;
  if (groups === undefined) return undefined;
  const { group = '', plural = '', namespace, name } = groups;
  const isMany = method === 'GET' && name === undefined && plural !== '';
  const many = searchParams.get('watch') === 'true' ? 'watch' : 'list';
  return {
    verb: isMany ? many : (VERBS[method] ?? method),
    group,
    plural,
    namespace,
    name,
    query: searchParams,
  };
}

function toResource({ group, plural }: SeenRequest): string {
  return group === '' ? plural : `${plural}.${group}`;
}

function inflict(fault: Fault, response: ServerResponse): void {
  if (fault === 'stall') return;
  if (fault === 'drop') {
    response.destroy();
    return;
  }
  response.writeHead(fault.status, fault.headers);
  response.end(fault.body ?? JSON.stringify(toStatus(new Refusal(fault.status, '', 'a planned fault'))));
}

function toStatus({ code, reason, message }: Refusal): unknown {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
}

/** Equality of labels is all that is used. */
function isSelected(
  object: { readonly metadata: { readonly labels?: Readonly<Record<string, string>> } },
  query: URLSearchParams,
): boolean {
  const terms = (query.get('labelSelector') ?? '').split(',').filter((term) => term !== '');
  return terms.every((term) => {
    const [key = '', value] = term.split('=');
    return object.metadata.labels?.[key] === value;
  });
}
