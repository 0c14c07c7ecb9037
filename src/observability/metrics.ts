import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricName } from './metric-table.ts';
import { METRICS } from './metric-table.ts';

/** From 1 ms to about a minute, doubling. */
const DURATION_BUCKETS = Array.from({ length: 17 }, (_, index) => 0.001 * 2 ** index);

/** One pool of one node. */
export interface PoolRoom {
  /** CSI name of the driver that it belongs to: two drivers may each have a pool of that name. */
  readonly driver: string;
  readonly pool: string;
  readonly node: string;
  /** Whether it can be used now. */
  readonly isUp: boolean;
  /** Whether it can hold a directory to its size; undefined when nobody can say now. */
  readonly limitsDirectories: boolean | undefined;
  /** Undefined when it cannot be read now, or when nobody has asked a pool lately that is not to be woken for this. */
  readonly room:
    | {
        readonly totalBytes: number;
        readonly freeBytes: number;
        readonly promisedBytes: number;
        readonly availableBytes: number;
      }
    | undefined;
}

/** Where figures come from at the time of a scrape. */
export interface MetricsOptions {
  readonly version: string;
  readonly operationsInFlight: () => number;
  /** Answers for every pool, whatever state it is in. Must have a deadline of its own. */
  readonly listPoolRoom: () => Promise<readonly PoolRoom[]>;
  /** Every agent that there should be. Left out by programs that use none. */
  readonly listAgents?: () => readonly { readonly node: string; readonly isAnswering: boolean }[];
  /** The worker of each pool that has one. Left out by programs that have none. */
  readonly listWorkers?: () => readonly WorkerState[];
  /** Volumes that nobody outside knows. Left out by programs that do not look for them. */
  readonly countOrphans?: () => number;
}

/** The child process that works on a pool. */
export interface WorkerState {
  readonly driver: string;
  readonly pool: string;
  readonly isRunning: boolean;
  /** Processes that hang in the kernel and cannot be ended. */
  readonly stuck: number;
}

/** Which call a figure is about. */
export interface CallLabels {
  readonly driver: string;
  readonly service: string;
  readonly method: string;
}

/** The metrics of this process. */
export interface Metrics {
  started(labels: CallLabels): void;
  /** `code` is the name of the gRPC status, OK included. */
  handled(labels: CallLabels, code: string, seconds: number): void;
  /** Somebody was not let in: why, as a word. */
  refused(reason: string): void;
  /** The text that Prometheus scrapes, and its content type. */
  scrape(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Registers everything of the table, and the process metrics of prom-client. */
export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const started = new Counter(spec(registry, 'stowage_rpc_started_total'));
  const handled = new Counter(spec(registry, 'stowage_rpc_handled_total'));
  const duration = new Histogram({
    ...spec(registry, 'stowage_rpc_duration_seconds'),
    buckets: DURATION_BUCKETS,
  });
  const refused = new Counter(spec(registry, 'stowage_agent_refused_total'));
  const inFlight = new Gauge(spec(registry, 'stowage_operations_in_flight'));
  const pools = createPoolGauges(registry);
  const workers = createWorkerGauges(registry);
  const agents = new Gauge(spec(registry, 'stowage_agent_up'));
  const orphans = new Gauge(spec(registry, 'stowage_orphan_volumes'));
  new Gauge(spec(registry, 'stowage_build_info')).set(
    { version: options.version, node_version: process.versions.node },
    1,
  );
  return {
    started: (labels) => started.inc({ ...labels }),
    handled(labels, code, seconds) {
      handled.inc({ ...labels, code });
      duration.observe({ ...labels, code }, seconds);
    },
    refused: (reason) => refused.inc({ reason }),
    async scrape() {
      const rooms = await options.listPoolRoom();
      agents.reset();
      for (const { node, isAnswering } of options.listAgents?.() ?? [])
        agents.set({ node }, isAnswering ? 1 : 0);
      orphans.set(options.countOrphans?.() ?? 0);
      inFlight.set(options.operationsInFlight());
      pools.set(rooms);
      workers.set(options.listWorkers?.() ?? []);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

function createPoolGauges(registry: Registry): { set(rooms: readonly PoolRoom[]): void } {
  const up = new Gauge(spec(registry, 'stowage_pool_up'));
  const total = new Gauge(spec(registry, 'stowage_pool_total_bytes'));
  const free = new Gauge(spec(registry, 'stowage_pool_free_bytes'));
  const promised = new Gauge(spec(registry, 'stowage_pool_promised_bytes'));
  const available = new Gauge(spec(registry, 'stowage_pool_available_bytes'));
  const limits = new Gauge(spec(registry, 'stowage_pool_limits_directories'));
  return {
    set(rooms) {
      // A pool that is gone, or cannot be read, must not keep its last figures.
      for (const gauge of [up, total, free, promised, available, limits]) gauge.reset();
      for (const { room, isUp, limitsDirectories, driver, pool, node } of rooms) {
        const labels = { pool, node, driver };
        up.set(labels, isUp ? 1 : 0);
        if (limitsDirectories !== undefined) limits.set(labels, limitsDirectories ? 1 : 0);
        if (room === undefined) continue;
        total.set(labels, room.totalBytes);
        free.set(labels, room.freeBytes);
        promised.set(labels, room.promisedBytes);
        available.set(labels, room.availableBytes);
      }
    },
  };
}

function createWorkerGauges(registry: Registry): { set(workers: readonly WorkerState[]): void } {
  const running = new Gauge(spec(registry, 'stowage_pool_worker_running'));
  const stuck = new Gauge(spec(registry, 'stowage_pool_workers_stuck'));
  return {
    set(workers) {
      for (const gauge of [running, stuck]) gauge.reset();
      for (const { driver, pool, ...worker } of workers) {
        running.set({ driver, pool }, worker.isRunning ? 1 : 0);
        stuck.set({ driver, pool }, worker.stuck);
      }
    },
  };
}

function spec<Name extends MetricName>(registry: Registry, name: Name) {
  const { help, labels } = METRICS[name];
  return { name, help, labelNames: labels, registers: [registry] };
}
