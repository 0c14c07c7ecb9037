import { randomId } from '../base/ids.ts';
import type { Operations } from '../base/operations.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { RequestContext } from '../observability/request-context.ts';
import type { Interceptor } from '../rpc/interceptor.ts';
import { createInFlightInterceptor } from '../rpc/interceptors/in-flight.ts';
import { createLoggingInterceptor } from '../rpc/interceptors/logging.ts';
import { createMetricsInterceptor } from '../rpc/interceptors/metrics.ts';
import { createRequestContextInterceptor } from '../rpc/interceptors/request-context.ts';
import { createValidationInterceptor } from '../rpc/interceptors/validation.ts';
import { AGENT_LOCK_KEYS, AGENT_QUIET_METHODS, AGENT_RULES, AGENT_SUBJECT_FIELDS } from './call-tables.ts';
import type { AgentIdentity } from './identity.ts';
import { requireIdentity } from './identity.ts';

const REQUEST_ID_LENGTH = 10;

/** What the layers around every call of an agent share. */
export interface AgentInterceptorDeps {
  readonly identity: AgentIdentity;
  /** Who may call what (access.ts). `everybody` is for tests, where there is no TLS. */
  readonly access: Interceptor | 'everybody';
  readonly context: RequestContext;
  readonly metrics: Pick<Metrics, 'started' | 'handled'>;
  readonly logger: Logger;
  readonly operations: Operations;
  /** Bound on the work of one call, whether or not its caller waits. */
  readonly operationSeconds: number;
}

/** The onion, outermost first: request context, metrics, logging, access, identity, validation, in flight. */
export function createAgentInterceptors(deps: AgentInterceptorDeps): readonly Interceptor[] {
  return [
    createRequestContextInterceptor({
      context: deps.context,
      createId: () => randomId(REQUEST_ID_LENGTH),
      subjectFields: AGENT_SUBJECT_FIELDS,
    }),
    createMetricsInterceptor(deps.metrics),
    createLoggingInterceptor({
      logger: deps.logger.child({ component: 'agent' }),
      quietMethods: AGENT_QUIET_METHODS,
    }),
    ...(deps.access === 'everybody' ? [] : [deps.access]),
    createIdentityInterceptor(deps.identity),
    createValidationInterceptor(AGENT_RULES),
    createInFlightInterceptor({
      operations: deps.operations,
      keys: AGENT_LOCK_KEYS,
      deadlineMs: deps.operationSeconds * 1000,
    }),
  ];
}

/** Nothing is done for a caller that means another node or an earlier boot. Describe is how it finds out. */
function createIdentityInterceptor(identity: AgentIdentity): Interceptor {
  return async (call, next) => {
    if (call.method !== 'Describe') requireIdentity(identity, call.metadata);
    return await next(call);
  };
}
