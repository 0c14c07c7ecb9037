import { createHostpathController } from '../../src/backends/hostpath/controller.ts';
import type { ControllerBackend } from '../../src/backends/backend.ts';
import type { StoreDirectory } from '../../src/filestore/store-directory.ts';
import { toTopology } from '../../src/backends/hostpath/topology.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { PoolSupervisor } from '../../src/pools/pool-supervisor.ts';
import type { PoolInstance, PoolRegistry } from '../../src/pools/registry.ts';
import { RegistryView } from '../../src/pools/registry-view.ts';
import { SupervisedStores } from '../../src/pools/supervised-stores.ts';
import { createFakeLease, type FakeLease } from './fake-lease.ts';
import {
  createFakeNodes,
  createFakePool,
  DRIVER,
  type FakeNode,
  type FakeNodes,
  type FakePool,
} from './fake-nodes.ts';
import { createMemoryRegistry, type MemoryRegistry } from './memory-registry.ts';

/** Controllers over fake nodes and a registry in memory, in a time that a test owns. Disposing it ends those that were started. */
export interface SupervisedCluster extends FakeNodes, AsyncDisposable {
  readonly memory: MemoryRegistry;
  readonly registry: PoolRegistry;
  /** How much time there has been; all clocks go by it. */
  nowMs: number;
  /** By how much somebody has set the clocks that can be set. */
  setMs: number;
  startController(options?: { readonly hasLease?: boolean }): Promise<TestedController>;
  get(poolId: string): Promise<PoolInstance | undefined>;
}

/** One controller of the cluster. */
export interface TestedController extends AsyncDisposable {
  readonly backend: ControllerBackend;
  readonly stores: StoreDirectory;
  readonly lease: FakeLease;
  /** {@link PoolSupervisor.findObstacle} */
  readonly findObstacle: () => string | undefined;
  /** One round of supervision, and what it began. */
  round(): Promise<void>;
}

/** Nothing is in it yet. */
export function createSupervisedCluster(signal: AbortSignal): SupervisedCluster {
  const nodes = createFakeNodes();
  const clock = { now: () => cluster.nowMs + cluster.setMs, monotonic: () => cluster.nowMs };
  const memory = createMemoryRegistry(clock);
  const registry = memory.open();
  const supervisors = new Set<PoolSupervisor>();
  const cluster: SupervisedCluster = {
    ...nodes,
    memory,
    registry,
    nowMs: 1_000_000_000,
    setMs: 0,
    get: async (poolId) => await registry.findById(poolId, signal),
    async startController({ hasLease = true } = {}) {
      const view = new RegistryView(registry, clock);
      const lease = createFakeLease();
      if (hasLease) lease.give();
      const supervisor = new PoolSupervisor({
        driver: DRIVER,
        clusterId: 'cluster',
        registry,
        view,
        reports: nodes.reports,
        stores: nodes.stores,
        lease,
        // The rounds are made by the test.
        clock: { ...clock, sleep: async (_ms, aborted) => await untilAborted(aborted) },
        logger: silentLogger,
      });
      supervisors.add(supervisor);
      const stores = new SupervisedStores({
        driver: DRIVER,
        stores: nodes.stores,
        view,
        reports: nodes.reports,
        isRegisteredWhenOpen: false,
      });
      await supervisor.start(signal);
      const round = async (): Promise<void> => {
        await supervisor.round(signal);
        await supervisor.settle();
      };
      await round();
      return {
        backend: createHostpathController({ stores, released: view, logger: silentLogger }),
        stores,
        lease,
        findObstacle: () => supervisor.findObstacle(),
        round,
        [Symbol.asyncDispose]: async () => await supervisor.close(),
      };
    },
    async [Symbol.asyncDispose]() {
      for (const supervisor of supervisors) await supervisor.close();
    },
  };
  return cluster;
}

/** Two nodes with a pool `ssd` each; that of the first is given up after 300 seconds. */
export interface TwoNodes {
  readonly cluster: SupervisedCluster;
  readonly a: FakeNode;
  readonly b: FakeNode;
  /** The pool of `a`. */
  readonly ssd: FakePool;
}

/** No controller is started yet. */
export function createTwoNodes(signal: AbortSignal): TwoNodes {
  const cluster = createSupervisedCluster(signal);
  const ssd = createFakePool('ssd', 'aaaaaaaa', 300);
  const a = cluster.add('a', ssd);
  const b = cluster.add('b', createFakePool('ssd', 'bbbbbbbb'));
  return { cluster, a, b, ssd };
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  await new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

const SECOND = 1000;
const ROUND = 30 * SECOND;

/** Lets time go by in rounds, as it does. */
export async function pass(
  cluster: SupervisedCluster,
  controller: TestedController,
  ms: number,
): Promise<void> {
  for (let passed = 0; passed < ms; passed += ROUND) {
    cluster.nowMs += Math.min(ROUND, ms - passed);
    await controller.round();
  }
}

/** `open`, `not there`, or why the pool is not available. */
export function getState(controller: TestedController, poolId: string): string {
  const entry = controller.stores.list().find((candidate) => candidate.poolId === poolId);
  if (entry === undefined) return 'not there';
  return 'store' in entry.state ? 'open' : entry.state.unavailable;
}

/** Makes a small volume in pool `ssd` on a node; its id. */
export async function createOn(controller: TestedController, name: string, node = 'a'): Promise<string> {
  const access = { kind: 'mount', fsType: undefined, mountFlags: [] } as const;
  const volume = await controller.backend.createVolume(
    {
      name,
      range: { requiredBytes: 4096, limitBytes: undefined },
      capabilities: [{ access, mode: 'SINGLE_NODE_WRITER' }],
      parameters: { pool: 'ssd' },
      source: undefined,
      topology: { requisite: [toTopology(node)], preferred: [] },
    },
    new AbortController().signal,
  );
  return volume.id;
}
