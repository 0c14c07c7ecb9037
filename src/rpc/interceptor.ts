import type { Call } from './service.ts';

/** What comes after an interceptor: the next one, or the handler. */
export type Next = (call: Call) => Promise<object>;

/**
 * One layer around every call. It sees the decoded request before and the response or the error after, may change the call
 * that it hands on, and throws to answer without going further.
 */
export type Interceptor = (call: Call, next: Next) => Promise<object>;

/** Puts layers around a handler; the first one is the outermost. */
export function composeInterceptors(interceptors: readonly Interceptor[], handler: Next): Next {
  return interceptors.reduceRight<Next>((next, interceptor) => (call) => interceptor(call, next), handler);
}
