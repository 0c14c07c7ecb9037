import { DriverError } from '../../src/domain/errors.ts';
import type { StoreDirectory, StoreEntry } from '../../src/filestore/store-directory.ts';
import type { NodeReport, PoolAdmittance, PoolReports, ReportedPool } from '../../src/pools/pool-reports.ts';
import { createFakeFileStore, type FakeFileStore } from './fake-file-store.ts';

export const DRIVER = 'hostpath.stowage.dev';

/** One pool of a fake node, which a test may change at any time. */
export interface FakePool {
  readonly name: string;
  /** Undefined: it awaits admission. */
  store: FakeFileStore | undefined;
  isOpen: boolean;
  releaseAfterSeconds: number | undefined;
  /** Of another cluster. */
  readonly isForeign?: boolean;
}

/** One node of a fake cluster. */
export interface FakeNode {
  readonly nodeName: string;
  isAnswering: boolean;
  pools: FakePool[];
}

/** Nodes with pools in memory, as a controller sees them through their agents. */
export interface FakeNodes {
  readonly nodes: FakeNode[];
  readonly reports: PoolReports;
  readonly stores: StoreDirectory;
  /** What was admitted, in order. */
  readonly admitted: PoolAdmittance[];
  add(nodeName: string, ...pools: readonly FakePool[]): FakeNode;
  /** Lets the listeners know that something is new. */
  tell(): void;
}

/** An open pool with an empty store. */
export function createFakePool(name: string, poolId: string, releaseAfterSeconds?: number): FakePool {
  return { name, store: createFakeFileStore({ poolId }), isOpen: true, releaseAfterSeconds };
}

/** A cluster without nodes. */
export function createFakeNodes(): FakeNodes {
  const nodes: FakeNode[] = [];
  const admitted: PoolAdmittance[] = [];
  const listeners = new Set<() => void>();
  return {
    nodes,
    admitted,
    add(nodeName, ...pools) {
      const node = { nodeName, isAnswering: true, pools: [...pools] };
      nodes.push(node);
      return node;
    },
    tell() {
      for (const listener of listeners) listener();
    },
    stores: { list: () => nodes.flatMap((node) => node.pools.map((pool) => toEntry(node, pool))) },
    reports: {
      list: () => nodes.filter((node) => node.isAnswering).map(toReport),
      onChange(listener) {
        listeners.add(listener);
        return { [Symbol.dispose]: () => void listeners.delete(listener) };
      },
      async admit(request) {
        await Promise.resolve();
        admitted.push(request);
        const foreign = nodes.some(
          ({ nodeName, pools }) =>
            nodeName === request.nodeName &&
            pools.some(({ name, isForeign }) => name === request.poolName && isForeign === true),
        );
        if (foreign) throw new DriverError('PRECONDITION_FAILED', 'It belongs to another cluster.');
      },
    },
  };
}

function toReport({ nodeName, pools }: FakeNode): NodeReport {
  return { nodeName, pools: pools.map(toReported) };
}

function toReported({ name, store, isOpen, releaseAfterSeconds }: FakePool): ReportedPool {
  const same = { name, poolId: store?.poolId, driver: DRIVER, settings: { releaseAfterSeconds } };
  if (store === undefined) return { ...same, state: { kind: 'awaiting' } };
  return { ...same, state: isOpen ? { kind: 'open', room: undefined } : { kind: 'unavailable' } };
}

function toEntry({ nodeName, isAnswering }: FakeNode, { name, store, isOpen }: FakePool): StoreEntry {
  const entry = { poolName: name, nodeName, poolId: store?.poolId };
  if (!isAnswering) return { ...entry, state: { unavailable: `Node ${nodeName} does not answer.` } };
  if (store === undefined || !isOpen) return { ...entry, state: { unavailable: 'It is not open.' } };
  return { ...entry, state: { store } };
}
