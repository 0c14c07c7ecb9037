import type { Interceptor } from '../interceptor.ts';
import { toStatus } from '../status.ts';

/** One method of one driver, as labels. */
export interface RpcLabels {
  readonly driver: string;
  readonly service: string;
  readonly method: string;
}

/** Where calls are counted (observability/metrics.ts). */
export interface RpcMetrics {
  started(labels: RpcLabels): void;
  /** `code` is the name of the gRPC status, OK included. */
  handled(labels: RpcLabels, code: string, seconds: number): void;
}

/** Counts calls and times them, those that failed or were cancelled included. */
export function createMetricsInterceptor(metrics: RpcMetrics): Interceptor {
  return async (call, next) => {
    const labels = { driver: call.driver, service: call.service, method: call.method };
    const startedAt = performance.now();
    const handled = (code: string): void =>
      metrics.handled(labels, code, (performance.now() - startedAt) / 1000);
    metrics.started(labels);
    try {
      const response = await next(call);
      handled('OK');
      return response;
    } catch (error) {
      handled(toStatus(error).name);
      throw error;
    }
  };
}
