import { type HttpOptions, startHttpServer } from '../observability/http.ts';
import { createMetrics, type Metrics, type MetricsOptions } from '../observability/metrics.ts';
import type { Lifetime } from './lifecycle.ts';
import type { ProgramOptions } from './program.ts';

/** What there is to see of a program. */
export interface Sights extends Omit<MetricsOptions, 'version'>, Pick<HttpOptions, 'getReadiness'> {}

/** Makes the metrics, and serves them with the health, where the configuration says. HTTP ends after what was registered later. */
export async function observe(
  { config, version, logger }: ProgramOptions,
  { stack }: Lifetime,
  { getReadiness, ...sources }: Sights,
): Promise<Metrics> {
  const metrics = createMetrics({ version, ...sources });
  if (config.http.address === undefined) return metrics;
  const http = await startHttpServer({ address: config.http.address, metrics, getReadiness, logger });
  stack.defer(() => http.close());
  return metrics;
}
