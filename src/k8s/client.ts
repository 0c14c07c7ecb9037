import type { IncomingMessage } from 'node:http';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { startDeadline } from '../base/deadline.ts';
import { raceAbort } from '../base/keyed-lock.ts';
import type { ApiAccess } from './access.ts';
import type { ApiTarget } from './errors.ts';
import { isFailure, KubernetesError, toApiError, toTooSlow, toUnreachable, toWords } from './errors.ts';
import { DriverError } from '../domain/errors.ts';
import { toPath } from './kinds.ts';
import { readLines, readText } from './read-body.ts';

/** Answers come in pages, so one that takes longer than this has been given up by the API itself. */
const DEADLINE_MS = 15_000;

/** One request. */
export interface ApiCall extends ApiTarget {
  readonly query?: Readonly<Record<string, string | undefined>>;
  /** Of a patch: a merge patch (RFC 7396). */
  readonly body?: unknown;
}

export interface ApiClientOptions {
  readonly access: ApiAccess;
  /** For every request but watches, answer included. Default: 15 seconds. */
  readonly deadlineMs?: number;
}

/**
 * Requests to the Kubernetes API, each with a deadline. Failures are {@link KubernetesError}s; when the caller's signal aborts, its reason
 * is thrown. A read is repeated once when the API closed a kept connection under it, and any request after credentials were refused.
 */
export class ApiClient implements Disposable {
  readonly #access: ApiAccess;
  readonly #deadlineMs: number;

  constructor(options: ApiClientOptions) {
    this.#access = options.access;
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  }

  /** The answer to a request, parsed from JSON and not looked at further. */
  async call(call: ApiCall, signal: AbortSignal): Promise<unknown> {
    try {
      return await this.#callOnce(call, signal);
    } catch (error) {
      if (!isFailure(error, 'unauthorized') && !isClosedUnderRead(call, error)) throw error;
      this.#access.forgetCredentials();
      return await this.#callOnce(call, signal);
    }
  }

  /**
   * What a watch tells, line by line, until the API ends it or `totalMs` are over, whatever it says by then. Throws like {@link call}, also
   * when it breaks in the middle.
   */
  async *watch(
    call: ApiCall,
    totalMs: number,
    signal: AbortSignal,
  ): AsyncGenerator<unknown, void, undefined> {
    using deadline = startDeadline(signal, totalMs);
    try {
      const response = await this.#send(call, deadline.signal);
      for await (const line of readLines(response)) {
        if (line !== '') yield parseJson(call, line);
      }
    } catch (error) {
      // The API ends a watch in time; one that has to be ended from here may have been dead for long.
      throw toFailure(call, error, { signal, deadline: deadline.signal, deadlineMs: totalMs });
    }
  }

  /** Whether the API serves this version of a group. Needs no permission beyond that of every authenticated user. */
  async hasGroupVersion(group: string, version: string, signal: AbortSignal): Promise<boolean> {
    const kind = { group, version, plural: '', kind: 'APIResourceList', namespaced: false };
    try {
      await this.call({ verb: 'get', kind }, signal);
      return true;
    } catch (error) {
      if (isFailure(error, 'absent') || isFailure(error, 'unknown-kind')) return false;
      throw error;
    }
  }

  /** Closes kept connections; requests under way fail. */
  [Symbol.dispose](): void {
    this.#access[Symbol.dispose]();
  }

  async #callOnce(call: ApiCall, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    using deadline = startDeadline(signal, this.#deadlineMs);
    try {
      const response = await this.#send(call, deadline.signal);
      return parseJson(call, await readText(response));
    } catch (error) {
      throw toFailure(call, error, { signal, deadline: deadline.signal, deadlineMs: this.#deadlineMs });
    }
  }

  /** Sends a request and resolves with the head of a successful answer. */
  async #send(call: ApiCall, signal: AbortSignal): Promise<IncomingMessage> {
    // Programs of a kubeconfig that give credentials may hang.
    const { server, headers, agent } = await raceAbort(this.#access.route(), signal);
    const url = toUrl(server, call);
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const send = url.protocol === 'http:' ? requestHttp : requestHttps;
    const request = send(
      url,
      {
        method: METHODS[call.verb],
        agent,
        signal,
        headers: {
          ...headers,
          ...describeBody(call, body),
          accept: 'application/json',
          'user-agent': 'stowage',
        },
      },
      resolve,
    );
    request.once('error', (error) => {
      reject(request.reusedSocket ? new ClosedConnection(error) : error);
    });
    request.end(body);
    const response = await promise;
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    const retryAfter = response.headers['retry-after'];
    throw toApiError(call, { status, body: await readText(response), retryAfter });
  }
}

const METHODS = {
  get: 'GET',
  list: 'GET',
  watch: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
} as const;

function toUrl(server: string, call: ApiCall): URL {
  // What is made is named by its body.
  const path = toPath(call.kind, call.verb === 'create' ? { namespace: call.namespace } : call);
  const url = new URL(`${server}${path}`);
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url;
}

function describeBody(call: ApiCall, body: string | undefined): Readonly<Record<string, string | number>> {
  if (body === undefined) return {};
  return {
    'content-type': call.verb === 'patch' ? 'application/merge-patch+json' : 'application/json',
    'content-length': Buffer.byteLength(body),
  };
}

/** A connection that had been kept was closed by the other side just when it was used again. */
class ClosedConnection extends Error {
  constructor(cause: Error) {
    super('the connection was closed', { cause });
  }
}

function isClosedUnderRead(call: ApiCall, error: unknown): boolean {
  if (METHODS[call.verb] !== 'GET' || !isFailure(error, 'unavailable')) return false;
  return error.cause instanceof ClosedConnection;
}

function toFailure(
  call: ApiCall,
  error: unknown,
  ends: { readonly signal: AbortSignal; readonly deadline: AbortSignal; readonly deadlineMs: number },
): unknown {
  if (ends.signal.aborted) return ends.signal.reason;
  if (ends.deadline.aborted) return toTooSlow(call, ends.deadlineMs);
  // What cannot be read or used by our own fault says so itself.
  if (error instanceof DriverError) return error;
  return toUnreachable(call, error);
}

function parseJson(call: ApiCall, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not as a cause: its message repeats a part of the text, which may be a secret.
    throw new KubernetesError('unavailable', `Cannot ${toWords(call)}: the answer is no JSON.`);
  }
}
