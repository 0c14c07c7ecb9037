import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { startDeadline } from '../../base/deadline.ts';
import type { Operations } from '../../base/operations.ts';
import { DriverError } from '../../domain/errors.ts';
import type { Interceptor } from '../interceptor.ts';
import type { Call, MethodNames, RequestOf } from '../service.ts';

/** What a call is about, in words that fit into "Another operation on … is under way": `volume pvc-1`. */
export type KeyOf<Request> = (request: Request) => string;

/** Keys for the methods of a service that change something; those left out may run side by side. */
export type ServiceKeys<Handlers> = {
  readonly [M in MethodNames<Handlers>]?: KeyOf<RequestOf<Handlers[M]>>;
};

/** Keys by method name, for services whose method names differ. */
export type Keys = Readonly<Record<string, KeyOf<never> | undefined>>;

/** What the in-flight interceptor needs. */
export interface InFlightOptions {
  readonly operations: Operations;
  readonly keys: Keys;
  /** Bound on the work of one call, whether or not its caller waits. */
  readonly deadlineMs: number;
}

/**
 * Lets one operation per key run at a time: a second identical call waits for the same result, a different one is
 * OPERATION_PENDING. A caller that goes away ends only its own wait; the work has a deadline of its own.
 */
export function createInFlightInterceptor(options: InFlightOptions): Interceptor {
  // Requests may hold secrets: what stays in memory is a keyed hash that nobody can compare with guesses.
  const hashKey = createSecretKey(randomBytes(32));
  return async (call, next) => {
    const keyOf = call.isOffered ? options.keys[call.method] : undefined;
    if (keyOf === undefined) {
      using deadline = startDeadline(call.signal, options.deadlineMs);
      return await next({ ...call, signal: deadline.signal });
    }
    // Keys were typed against their method where the table was written.
    const subject = keyOf(call.request as never);
    return await options.operations.run(
      {
        key: `${call.driver} ${subject}`,
        fingerprint: fingerprint(call, hashKey),
        deadlineMs: options.deadlineMs,
        work: (signal) => next({ ...call, signal }),
        conflict: () =>
          new DriverError(
            'OPERATION_PENDING',
            `Another operation on ${subject} is under way; call again later.`,
          ),
      },
      call.signal,
    );
  };
}

function fingerprint(call: Call, hashKey: KeyObject): string {
  const text = JSON.stringify([call.service, call.method, canonical(call.request)]);
  return createHmac('sha256', hashKey).update(text).digest('base64');
}

/** The same message in whatever order its maps arrived. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, entry]) => [name, canonical(entry)]);
}
