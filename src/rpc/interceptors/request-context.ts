import type { RequestContext } from '../../observability/request-context.ts';
import type { Interceptor } from '../interceptor.ts';

/** Longest text of a request that becomes a field of every log line. */
const MAX_FIELD_LENGTH = 128;

/** What the request context interceptor needs. */
export interface RequestContextOptions {
  readonly context: RequestContext;
  /** Makes the id by which the lines of one call are found. */
  readonly createId: () => string;
  /** Fields of requests that say what a call is about, for instance `volumeId`. */
  readonly subjectFields: readonly string[];
}

/** Gives each call an id, and puts it with driver, method and subject into every log line on the way. */
export function createRequestContextInterceptor(options: RequestContextOptions): Interceptor {
  return (call, next) => {
    const subject: Record<string, string> = {};
    for (const [name, value] of Object.entries(call.request)) {
      if (!options.subjectFields.includes(name) || typeof value !== 'string' || value === '') continue;
      subject[name] = value.slice(0, MAX_FIELD_LENGTH);
    }
    const fields = { requestId: options.createId(), driver: call.driver, method: call.method, ...subject };
    return options.context.run(fields, () => next(call));
  };
}
