import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { Server } from '@grpc/grpc-js';
import { DriverError } from '../domain/errors.ts';
import type { Interceptor, Next } from './interceptor.ts';
import { composeInterceptors } from './interceptor.ts';
import type { Service } from './service.ts';
import { createUnaryHandler } from './unary.ts';

/** Requests are small; only secrets and parameters make them grow, and CSI bounds those by a few KiB. */
const MAX_REQUEST_BYTES = 4 * 2 ** 20;
/** A full ListVolumes of very many volumes; the caller has a bound of its own. */
const MAX_RESPONSE_BYTES = 64 * 2 ** 20;

/** What a server answers, wherever it listens. */
export interface Offer {
  /** Label of metrics and logs. */
  readonly driver: string;
  readonly services: readonly Service[];
  /** Around every call, the first one outermost. */
  readonly interceptors: readonly Interceptor[];
  /** The name in the certificates of those who get here; undefined where there is no TLS. */
  readonly peer?: string;
}

/** A gRPC server that listens nowhere yet. */
export function createGrpcServer(offer: Offer): Server {
  const server = new Server({
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
    'grpc.max_send_message_length': MAX_RESPONSE_BYTES,
  });
  for (const service of offer.services) server.addService(service.definition, implement(service, offer));
  return server;
}

/** Takes no new calls; whether every call under way ended within the deadline. */
export async function drain(server: Server, deadlineMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), deadlineMs);
  server.tryShutdown((error) => resolve(error === undefined));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

function implement(service: Service, { driver, interceptors, peer }: Offer): UntypedServiceImplementation {
  const handlers: UntypedServiceImplementation = {};
  const { answerMetadata } = service;
  for (const method of Object.keys(service.definition)) {
    const handler = service.methods.get(method);
    const innermost: Next =
      handler === undefined ? () => refuse(method, driver) : (call) => handler(call.request, call);
    const facts = { driver, peer, service: service.name, method, isOffered: handler !== undefined };
    handlers[method] = createUnaryHandler(
      answerMetadata === undefined ? facts : { ...facts, answerMetadata },
      composeInterceptors(interceptors, innermost),
    );
  }
  return handlers;
}

async function refuse(method: string, driver: string): Promise<never> {
  throw new DriverError(
    'UNSUPPORTED',
    `${method} is not offered by ${driver}; its capabilities say what is.`,
  );
}
