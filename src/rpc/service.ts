import type * as grpc from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';

/** What a handler knows of its call beside the request. */
export interface CallContext {
  /** Aborts when nobody needs the answer any more, or the operation's deadline has passed. Its reason says which. */
  readonly signal: AbortSignal;
}

/** Metadata of gRPC that is text: headers and trailers. Names are in lower case. */
export interface CallMetadata {
  /** The first value with this name. */
  find(name: string): string | undefined;
}

/** One call on its way through the interceptors. */
export interface Call extends CallContext {
  /** CSI name of the driver whose socket the call came in by; `agent` for the agent's. */
  readonly driver: string;
  /** The name in the caller's certificate for which it was let in; undefined where there is no TLS. */
  readonly peer: string | undefined;
  /** What the caller sent beside the request. */
  readonly metadata: CallMetadata;
  /** `csi.v1.Controller` */
  readonly service: string;
  /** `CreateVolume` */
  readonly method: string;
  /** Whether the service has a handler for it; otherwise the answer will be UNIMPLEMENTED. */
  readonly isOffered: boolean;
  /** The decoded message: camelCase, 64-bit integers as strings. */
  readonly request: object;
}

/** The names that a generated interface declares itself, without its index signature. */
export type MethodNames<T> = keyof { [M in keyof T as string extends M ? never : M]: T[M] } & string;

/**
 * The promise form of a generated `…Handlers` interface. Every method has to be there: leaving one out, or giving it other
 * types, does not compile. A method that is not offered is written down as `undefined` and answers UNIMPLEMENTED.
 */
export type ServiceMethods<Handlers> = {
  readonly [M in MethodNames<Handlers>]: UnaryMethod<Handlers[M]> | undefined;
};

/** `(request, context) => Promise<response>` for a generated unary handler; streams have no promise form. */
export type UnaryMethod<Generated> =
  Generated extends grpc.handleUnaryCall<infer Request, infer Response>
    ? (request: Request, context: CallContext) => Promise<Response>
    : never;

/** The decoded request of a generated unary handler. */
export type RequestOf<Generated> =
  Generated extends grpc.handleUnaryCall<infer Request, infer _Response> ? Request : never;

/** The promise form of a generated `…Definition` interface, for clients. */
export type ClientMethods<Definition> = {
  readonly [M in MethodNames<Definition>]: Definition[M] extends MethodDefinition<
    infer Request,
    infer _Response,
    infer _DecodedRequest,
    infer Response
  >
    ? (request: Request, options?: ClientCallOptions) => Promise<Response>
    : never;
};

/** How long a client waits for one answer. */
export interface ClientCallOptions {
  /** Ends the call; the promise then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Default: that of the client. */
  readonly deadlineMs?: number;
}

/** A service as csi.proto declares it, with the types that were generated for it. */
export interface ServiceType<Handlers, Definition extends grpc.ServiceDefinition> {
  /** `csi.v1.Controller` */
  readonly name: string;
  readonly definition: Definition;
  /** Never set: carries the type. */
  readonly handlers?: Handlers;
}

/** A handler after its types were checked. */
export type Handler = (request: object, context: CallContext) => Promise<object>;

/** A service that a server can offer. */
export interface Service {
  readonly name: string;
  readonly definition: grpc.ServiceDefinition;
  readonly methods: ReadonlyMap<string, Handler>;
  /**
   * For protocols of our own: sent with each answer, in its headers when it succeeds and in its trailers when it fails, where the code
   * of the DriverError goes too. CSI's services have none, and their errors carry no metadata.
   */
  readonly answerMetadata?: Readonly<Record<string, string>>;
}

/** Joins a service type with its methods. */
export function createService<Handlers, Definition extends grpc.ServiceDefinition>(
  type: ServiceType<Handlers, Definition>,
  methods: ServiceMethods<Handlers>,
  options: Pick<Service, 'answerMetadata'> = {},
): Service {
  const offered = new Map<string, Handler>();
  for (const name of Object.keys(type.definition)) {
    // The mapped type guarantees that a method under this name takes what the definition decodes.
    const method = (methods as Readonly<Record<string, Handler | undefined>>)[name];
    if (method !== undefined) offered.set(name, method);
  }
  return { name: type.name, definition: type.definition, methods: offered, ...options };
}
