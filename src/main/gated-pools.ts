import { DriverError } from '../domain/errors.ts';
import type { FileStore } from '../filestore/file-store.ts';
import type { StoreDirectory } from '../filestore/store-directory.ts';
import type { PoolInstance } from '../pools/registry.ts';
import type { ReleasedPools } from '../pools/released-pools.ts';
import { supervisePools, type SupervisePoolsOptions } from '../pools/supervise-pools.ts';

/** Pools under the registry's word, which nobody can use before it has been read: until then nothing may be concluded. */
export interface GatedPools<S extends FileStore> {
  /** For calls: throws POOL_UNAVAILABLE while the registry has not been read. */
  readonly stores: StoreDirectory<S>;
  /** For people, metrics and health: empty until then. */
  readonly seen: StoreDirectory<S>;
  readonly released: ReleasedPools;
  /** The registry as it was read last; empty until then. */
  listInstances(): readonly PoolInstance[];
  /** Why the registry cannot be read or written now: a sentence that says what to do. */
  findObstacle(): string | undefined;
  /** Reads the registry, and again until it can be read; goes on in the background. Throws only the signal's reason. */
  start(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Puts the registry, and a gate, between a controller half and the stores that nodes offer. */
export function gatePools<S extends FileStore>(options: SupervisePoolsOptions<S>): GatedPools<S> {
  const pools = supervisePools(options);
  const { stores, released } = pools;
  let isOpen = false;
  const check = (): void => {
    if (isOpen) return;
    const why = pools.findObstacle() ?? 'Ask again.';
    throw new DriverError(
      'POOL_UNAVAILABLE',
      `The registry of pools has not been read yet, so nothing can be said of any volume. ${why}`,
    );
  };
  return {
    stores: {
      list() {
        check();
        return stores.list();
      },
      listFormer() {
        check();
        return stores.listFormer?.() ?? [];
      },
    },
    seen: { list: () => (isOpen ? stores.list() : []) },
    released,
    listInstances: () => pools.listInstances(),
    findObstacle: () => pools.findObstacle(),
    async start(signal) {
      await pools.start(signal);
      isOpen = true;
    },
    close: async () => await pools.close(),
  };
}
