import { createFakeFileStore, type FakeFileStore } from '../../../test/support/fake-file-store.ts';
import type { Topology } from '../../domain/topology.ts';
import { type ContentOrigins, type ContentSources, localOrigins } from '../../filestore/content/content.ts';
import type { StoreEntry } from '../../filestore/store-directory.ts';
import { silentLogger } from '../../observability/logger.ts';
import type { ControllerBackend, CreateVolumeOptions } from '../backend.ts';
import { joinStores } from '../../filestore/join-stores.ts';
import { createHostpathController } from './controller.ts';
import { toTopology } from './topology.ts';

export const GIB = 1024 ** 3;
export const MIB = 1024 ** 2;
export const mount = { kind: 'mount', fsType: undefined, mountFlags: [] } as const;

/** A controller over stores in memory. */
export interface Cluster {
  readonly controller: ControllerBackend;
  readonly stores: Readonly<Record<'fastA' | 'fastB' | 'slowA', FakeFileStore>>;
  /** A pool of another driver, on an export that node `server` offers. */
  readonly elsewhere: FakeFileStore;
  /** What was asked of those who say where sources are. */
  readonly origins: readonly Parameters<ContentOrigins['createOrigin']>[0][];
  /** Pools that are configured but not open. */
  readonly unavailable: Set<string>;
}

/** Two nodes: `fast` on both, `slow` on the first. */
export function createCluster(): Cluster {
  const contents: ContentSources = {
    async openContent({ origin, ...request }, own) {
      const store = [...Object.values(stores), elsewhere].find(({ poolId }) => poolId === origin.poolId);
      if (store === undefined) throw new Error(`no pool ${origin.poolId}`);
      return await store.openContent(request, own);
    },
  };
  const stores: Cluster['stores'] = {
    fastA: createFakeFileStore({ poolId: 'aaaaaaaa', totalBytes: 10 * GIB, contents }),
    fastB: createFakeFileStore({ poolId: 'bbbbbbbb', totalBytes: 20 * GIB, contents }),
    slowA: createFakeFileStore({ poolId: 'cccccccc', totalBytes: 40 * GIB, contents }),
  };
  const elsewhere = createFakeFileStore({ poolId: 'dddddddd', totalBytes: 80 * GIB, contents });
  const origins: Parameters<ContentOrigins['createOrigin']>[0][] = [];
  const unavailable = new Set<string>();
  const entry = (poolName: string, nodeName: string, store: FakeFileStore): StoreEntry => ({
    poolName,
    nodeName,
    poolId: store.poolId,
    state: unavailable.has(store.poolId) ? { unavailable: 'Its disk is not mounted.' } : { store },
  });
  const list = () => [
    entry('fast', 'a', stores.fastA),
    entry('fast', 'b', stores.fastB),
    entry('slow', 'a', stores.slowA),
  ];
  const others = { list: () => [entry('shared', 'server', elsewhere)] };
  return {
    controller: createHostpathController({
      stores: { list },
      sources: joinStores(() => [{ list }, others]),
      origins: {
        createOrigin(options) {
          origins.push(options);
          return localOrigins.createOrigin(options);
        },
      },
      logger: silentLogger,
    }),
    origins,
    stores,
    elsewhere,
    unavailable,
  };
}

/** A request for a volume of 1 GiB in pool `fast`. */
export function ask(overrides: Partial<CreateVolumeOptions> = {}): CreateVolumeOptions {
  return {
    name: 'pvc-1',
    range: { requiredBytes: GIB, limitBytes: undefined },
    capabilities: [{ access: mount, mode: 'SINGLE_NODE_WRITER' }],
    parameters: { pool: 'fast' },
    source: undefined,
    topology: undefined,
    ...overrides,
  };
}

/** A requirement that leaves these nodes. */
export const on = (...nodes: readonly string[]): { requisite: Topology[]; preferred: Topology[] } => ({
  requisite: nodes.map((node) => toTopology(node)),
  preferred: [],
});
