import { randomId } from '../base/ids.ts';
import type { Operations } from '../base/operations.ts';
import { CSI_QUIET_METHODS, CSI_SUBJECT_FIELDS } from '../csi/log-tables.ts';
import { CSI_LOCK_KEYS } from '../csi/validation/lock-keys.ts';
import { CSI_RULES } from '../csi/validation/rules.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { RequestContext } from '../observability/request-context.ts';
import type { Interceptor } from '../rpc/interceptor.ts';
import { createInFlightInterceptor } from '../rpc/interceptors/in-flight.ts';
import { createLoggingInterceptor } from '../rpc/interceptors/logging.ts';
import { createMetricsInterceptor } from '../rpc/interceptors/metrics.ts';
import { createRequestContextInterceptor } from '../rpc/interceptors/request-context.ts';
import { createValidationInterceptor } from '../rpc/interceptors/validation.ts';

const REQUEST_ID_LENGTH = 10;

/** What the layers around every call share. */
export interface InterceptorDeps {
  readonly context: RequestContext;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly operations: Operations;
  readonly operationSeconds: number;
}

/** The onion around every CSI call, outermost first: request context, metrics, logging, validation, in flight. */
export function createInterceptors(deps: InterceptorDeps): readonly Interceptor[] {
  return [
    createRequestContextInterceptor({
      context: deps.context,
      createId: () => randomId(REQUEST_ID_LENGTH),
      subjectFields: CSI_SUBJECT_FIELDS,
    }),
    createMetricsInterceptor(deps.metrics),
    createLoggingInterceptor({
      logger: deps.logger.child({ component: 'rpc' }),
      quietMethods: CSI_QUIET_METHODS,
    }),
    createValidationInterceptor(CSI_RULES),
    createInFlightInterceptor({
      operations: deps.operations,
      keys: CSI_LOCK_KEYS,
      deadlineMs: deps.operationSeconds * 1000,
    }),
  ];
}
