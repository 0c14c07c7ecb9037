import { DriverError } from '../../domain/errors.ts';
import type { Interceptor } from '../interceptor.ts';

/** A sentence that says what is wrong with a request, or undefined. May throw a DriverError of its own instead. */
export type Rule<Request> = (request: Request) => string | undefined;

/** Rules by method name, for services whose method names differ. */
export type Rules = Readonly<Record<string, readonly Rule<never>[]>>;

/** Refuses malformed requests with INVALID_ARGUMENT before anything is looked up. The first rule that objects decides. */
export function createValidationInterceptor(rules: Rules): Interceptor {
  return async (call, next) => {
    if (call.isOffered) {
      for (const rule of rules[call.method] ?? []) {
        // Rules were typed against their method where the table was written.
        const objection = rule(call.request as never);
        if (objection !== undefined) throw new DriverError('INVALID_ARGUMENT', objection);
      }
    }
    return await next(call);
  };
}
