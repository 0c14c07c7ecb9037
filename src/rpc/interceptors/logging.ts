import type { Logger } from '../../observability/logger.ts';
import { redact } from '../../observability/redact.ts';
import type { Interceptor } from '../interceptor.ts';
import type { Call } from '../service.ts';
import type { StatusName } from '../status.ts';
import { isUnexpected, toStatus } from '../status.ts';

/** What the logging interceptor needs. */
export interface LoggingOptions {
  readonly logger: Logger;
  /** Methods that are asked all the time and change nothing: logged at debug while they succeed. */
  readonly quietMethods: ReadonlySet<string>;
}

/** Failures that tell an operator that something is degraded; the others are between caller and driver. */
const WARNINGS: ReadonlySet<StatusName> = new Set(['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'DEADLINE_EXCEEDED']);

/** One line per call, when it ends: method, code, duration, and the request without its secrets. */
export function createLoggingInterceptor(options: LoggingOptions): Interceptor {
  return async (call, next) => {
    const startedAt = performance.now();
    const facts = (code: StatusName) => ({
      code,
      durationMs: Math.round((performance.now() - startedAt) * 10) / 10,
      request: redact(call.request),
    });
    try {
      const response = await next(call);
      const level = options.quietMethods.has(call.method) ? 'debug' : 'info';
      options.logger[level]('request finished', facts('OK'));
      return response;
    } catch (error) {
      logFailure(options.logger, call, error, facts(toStatus(error).name));
      throw error;
    }
  };
}

function logFailure(
  logger: Logger,
  call: Call,
  error: unknown,
  facts: { readonly code: StatusName; readonly durationMs: number },
): void {
  if (isUnexpected(error) || facts.code === 'INTERNAL') {
    logger.error('request finished', { ...facts, err: error });
  } else if (WARNINGS.has(facts.code)) {
    logger.warn('request finished', { ...facts, err: error });
  } else {
    const reason = error instanceof Error ? error.message : String(error);
    logger[call.isOffered ? 'info' : 'debug']('request finished', { ...facts, reason });
  }
}
