import type { ServiceDefinition } from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';
import type { DriverError } from '../domain/errors.ts';
import { createKeptChannel, type KeptChannel } from './kept-channel.ts';
import { toCallMetadata, toMetadata } from './metadata.ts';
import type { CallMetadata, ClientCallOptions, ClientMethods, ServiceType } from './service.ts';
import { toDriverError } from './status.ts';
import type { ClientTls } from './tls-client.ts';

const DEFAULT_DEADLINE_MS = 120_000;

/** Options of a client; every call has a deadline. */
export interface ClientOptions {
  /** For calls that name none. Default: two minutes. */
  readonly deadlineMs?: number;
  /** Default: neither encrypted nor authenticated, for unix sockets and tests. */
  readonly tls?: ClientTls;
  /** Finds out early that the other side is gone, also while there are no calls. Default: not. */
  readonly keepalive?: { readonly timeMs: number; readonly timeoutMs: number };
  /** Sent with each call. */
  readonly metadata?: () => Readonly<Record<string, string>>;
  /** Looks at each answer before it is given to whoever called. What it throws is what the call throws. */
  readonly judge?: (answer: Answer) => void;
}

/** How a call ended, for {@link ClientOptions.judge}. */
export interface Answer {
  readonly method: string;
  /** What came with it: the headers when it succeeded, the trailers when it failed. Empty when nobody answered. */
  readonly metadata: CallMetadata;
  /** Undefined when it succeeded. */
  readonly failure: DriverError | undefined;
}

/** A connection whose methods are promises. Failures are DriverError with `details.status` (rpc/status.ts). */
export type RpcClient<Definition> = ClientMethods<Definition> & Disposable;

/**
 * A client of one service at a gRPC address, for instance `unix:///run/stowage/csi.sock` or `10.0.0.1:9810`. Connects with the first
 * call and again after the server restarted. Dispose it to close the connection.
 */
export function createClient<Handlers, Definition extends ServiceDefinition>(
  type: ServiceType<Handlers, Definition>,
  address: string,
  options: ClientOptions = {},
): RpcClient<Definition> {
  const channel = createKeptChannel(address, options);
  const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
  const methods: Record<string, unknown> = {};
  for (const name of Object.keys(type.definition)) {
    const method = type.definition[name];
    methods[name] = (request: object, callOptions: ClientCallOptions = {}) =>
      callUnary({ channel, name, method, hooks: options }, request, {
        deadlineMs,
        ...callOptions,
      });
  }
  // Each entry was made from the definition whose types these are.
  return { ...methods, [Symbol.dispose]: () => channel[Symbol.dispose]() } as RpcClient<Definition>;
}

interface Target {
  readonly channel: KeptChannel;
  readonly name: string;
  readonly method: ServiceDefinition[string] | undefined;
  readonly hooks: Pick<ClientOptions, 'metadata' | 'judge'>;
}

async function callUnary(
  { channel, name, method, hooks }: Target,
  request: object,
  options: ClientCallOptions & { readonly deadlineMs: number },
): Promise<unknown> {
  if (method === undefined) throw new Error('the definition lost a method');
  options.signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  using use = channel.acquire();
  let headers: Metadata | undefined;
  const call = use.client.makeUnaryRequest<object, unknown>(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
    hooks.metadata === undefined ? new Metadata() : toMetadata(hooks.metadata()),
    { deadline: Date.now() + options.deadlineMs },
    (error, response) => {
      if (options.signal?.aborted === true) return reject(options.signal.reason);
      const failure = error === null ? undefined : toDriverError(error);
      try {
        const metadata = toCallMetadata(error?.metadata ?? headers ?? new Metadata());
        hooks.judge?.({ method: name, metadata, failure });
        if (failure !== undefined) throw failure;
      } catch (objection) {
        return reject(objection);
      }
      resolve(response);
    },
  );
  if (hooks.judge !== undefined) call.once('metadata', (metadata: Metadata) => (headers = metadata));
  const cancel = (): void => call.cancel();
  options.signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await promise;
  } finally {
    options.signal?.removeEventListener('abort', cancel);
  }
}
