import type { LocalFileStore } from '../../src/filestore/file-store.ts';
import type { PoolRecord } from '../../src/filestore/records.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { OpenContents } from '../../src/pools/worker/content-verbs.ts';
import { PoolWorker, type WorkerVerbs } from '../../src/pools/worker/pool-worker.ts';
import { StoreHost, type StoreOpening, type StoreVerbs } from '../../src/pools/worker/store-verbs.ts';
import { type FakeWorkerProcess, startFakeWorkerProcess } from './fake-worker-process.ts';

type Work = WorkerVerbs<undefined> & StoreVerbs;

/** A worker in memory whose store a test gives it. */
export interface TestWorker extends AsyncDisposable {
  readonly worker: PoolWorker<undefined, Work>;
  /** All that were started. */
  readonly processes: readonly FakeWorkerProcess[];
  readonly hosts: readonly StoreHost[];
}

/** Each of its processes opens the store anew. `verbs` replace those that a worker has. */
export function createTestWorker(opening: StoreOpening, verbs: Partial<Work> = {}): TestWorker {
  const processes: FakeWorkerProcess[] = [];
  const hosts: StoreHost[] = [];
  const worker = new PoolWorker<undefined, Work>({
    poolName: 'shared',
    setup: undefined,
    start: () => {
      const host = new StoreHost(opening);
      const all: Work = {
        configure: async () => await Promise.resolve(),
        isIdle: async () => await Promise.resolve(host.isIdle),
        close: async () => await host.close(),
        ...host.verbs,
        ...verbs,
      };
      const process = startFakeWorkerProcess(processes.length + 1, all);
      processes.push(process);
      hosts.push(host);
      return process;
    },
    serve: () => {
      const contents = new OpenContents();
      return { verbs: contents.verbs, close: async () => await contents.close() };
    },
    logger: silentLogger,
  });
  return { worker, processes, hosts, [Symbol.asyncDispose]: async () => await worker.close() };
}

/** How a store is opened that is there. */
export function toOpening(store: LocalFileStore, changes: Partial<StoreOpening> = {}): StoreOpening {
  return {
    open: async () => await Promise.resolve({ store, record: toPoolRecord(store.poolId) }),
    probe: async () => await Promise.resolve(),
    onLost: () => undefined,
    ...changes,
  };
}

/** The record of a pool of cluster `cluster`. */
export function toPoolRecord(poolId: string): PoolRecord {
  return {
    formatVersion: 1,
    poolId,
    clusterId: 'cluster',
    createdAt: new Date(0).toISOString(),
  };
}
