import type { Metrics } from '../../observability/metrics.ts';
import type { Interceptor } from '../interceptor.ts';
import { toStatus } from '../status.ts';

/** Counts calls and times them, those that failed or were cancelled included. */
export function createMetricsInterceptor(metrics: Pick<Metrics, 'started' | 'handled'>): Interceptor {
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
