import type { ServiceDefinition } from '@grpc/grpc-js';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import type { ClientCallOptions, ClientMethods, ServiceType } from './service.ts';
import { toDriverError } from './status.ts';

const DEFAULT_DEADLINE_MS = 120_000;
const MAX_RESPONSE_BYTES = 64 * 2 ** 20;

/** Options of a client; every call has a deadline. */
export interface ClientOptions {
  /** For calls that name none. Default: two minutes. */
  readonly deadlineMs?: number;
}

/** A connection whose methods are promises. Failures are DriverError with `details.status` (rpc/status.ts). */
export type RpcClient<Definition> = ClientMethods<Definition> & Disposable;

/**
 * A client of one service at a gRPC address, for instance `unix:///run/stowage/csi.sock`. Connects with the first call and
 * again after the server restarted. Dispose it to close the connection.
 */
export function createClient<Handlers, Definition extends ServiceDefinition>(
  type: ServiceType<Handlers, Definition>,
  address: string,
  options: ClientOptions = {},
): RpcClient<Definition> {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': MAX_RESPONSE_BYTES,
    // A restarted server is found again at once, not after a back-off of up to two minutes.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
  });
  const deadlineMs = options.deadlineMs ?? DEFAULT_DEADLINE_MS;
  const methods: Record<string, unknown> = {};
  for (const name of Object.keys(type.definition)) {
    methods[name] = (request: object, callOptions: ClientCallOptions = {}) =>
      callUnary(client, type.definition[name], request, { deadlineMs, ...callOptions });
  }
  // Each entry was made from the definition whose types these are.
  return { ...methods, [Symbol.dispose]: () => client.close() } as RpcClient<Definition>;
}

async function callUnary(
  client: Client,
  method: ServiceDefinition[string] | undefined,
  request: object,
  options: ClientCallOptions & { readonly deadlineMs: number },
): Promise<unknown> {
  if (method === undefined) throw new Error('the definition lost a method');
  options.signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const call = client.makeUnaryRequest<object, unknown>(
    method.path,
    method.requestSerialize,
    method.responseDeserialize,
    request,
    new Metadata(),
    { deadline: Date.now() + options.deadlineMs },
    (error, response) => {
      if (error === null) resolve(response);
      else reject(options.signal?.aborted === true ? options.signal.reason : toDriverError(error));
    },
  );
  const cancel = (): void => call.cancel();
  options.signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await promise;
  } finally {
    options.signal?.removeEventListener('abort', cancel);
  }
}
