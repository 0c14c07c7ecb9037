/** One metric, as it is documented and registered. */
export interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

/** Every metric of our own. docs/reference/metrics.md is made from this table. */
export const METRICS = {
  stowage_rpc_started_total: {
    type: 'counter',
    help: 'Calls that came in.',
    labels: ['driver', 'service', 'method'],
  },
  stowage_rpc_handled_total: {
    type: 'counter',
    help: 'Calls that ended, by the name of their gRPC status.',
    labels: ['driver', 'service', 'method', 'code'],
  },
  stowage_rpc_duration_seconds: {
    type: 'histogram',
    help: 'Time from the arrival of a call to its answer.',
    labels: ['driver', 'service', 'method', 'code'],
  },
  stowage_agent_refused_total: {
    type: 'counter',
    help: 'Connections to the agent that were turned away, calls that whoever made them may not make, tickets for content that are not good, and connections for content that are too many.',
    labels: ['reason'],
  },
  stowage_operations_in_flight: {
    type: 'gauge',
    help: 'Operations under way, those included whose caller has left.',
    labels: [],
  },
  stowage_pool_total_bytes: {
    type: 'gauge',
    help: 'Size of the file system that holds the pool.',
    labels: ['pool', 'node', 'driver'],
  },
  stowage_pool_free_bytes: {
    type: 'gauge',
    help: 'Free space of the file system that holds the pool.',
    labels: ['pool', 'node', 'driver'],
  },
  stowage_pool_promised_bytes: {
    type: 'gauge',
    help: 'Sizes promised to volumes, and what snapshots and clones can diverge by.',
    labels: ['pool', 'node', 'driver'],
  },
  stowage_pool_available_bytes: {
    type: 'gauge',
    help: 'What new volumes can still be promised.',
    labels: ['pool', 'node', 'driver'],
  },
  stowage_pool_up: {
    type: 'gauge',
    help: '1 while the pool answers, else 0; figures of its room are then left out, and also where nobody has asked a shared pool lately.',
    labels: ['pool', 'node', 'driver'],
  },
  stowage_pool_limits_directories: {
    type: 'gauge',
    help: '1 when the pool can hold directories to their size. 0: sizes of directories are not enforced there, and classes have to say quota: none.',
    labels: ['pool', 'node', 'driver'],
  },
  stowage_pool_worker_running: {
    type: 'gauge',
    help: '1 while the process runs that works on the pool, which is ended when it is idle.',
    labels: ['pool', 'driver'],
  },
  stowage_pool_workers_stuck: {
    type: 'gauge',
    help: 'Processes that worked on the pool and hang in the kernel, since its server does not answer.',
    labels: ['pool', 'driver'],
  },
  stowage_agent_up: {
    type: 'gauge',
    help: '1 while the agent of the node answers this controller, else 0.',
    labels: ['node'],
  },
  stowage_orphan_volumes: {
    type: 'gauge',
    help: 'Volumes on disks that no PersistentVolume names, seen for an hour; only from the controller that looks.',
    labels: [],
  },
  stowage_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels say what runs.',
    labels: ['version', 'node_version'],
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;

export type MetricName = keyof typeof METRICS;
