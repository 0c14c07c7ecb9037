import type { FileStore } from '../filestore/file-store.ts';
import type { StoreDirectory } from '../filestore/store-directory.ts';
import type { PoolInstance } from './registry.ts';
import { PoolSupervisor, type PoolSupervisorOptions } from './pool-supervisor.ts';
import { RegistryView } from './registry-view.ts';
import type { ReleasedPools } from './released-pools.ts';
import { SupervisedStores } from './supervised-stores.ts';

export type SupervisePoolsOptions<S extends FileStore> = Omit<PoolSupervisorOptions, 'view' | 'stores'> & {
  /** The stores as the nodes offer them. */
  readonly stores: StoreDirectory<S>;
  /** See {@link SupervisedStores}. Default: false. */
  readonly isRegisteredWhenOpen?: boolean;
};

/** What a controller works with instead of the bare stores. */
export interface SupervisedPools<S extends FileStore> {
  /** The stores that may be used. */
  readonly stores: StoreDirectory<S>;
  readonly released: ReleasedPools;
  /** The registry as it was read last. */
  listInstances(): readonly PoolInstance[];
  /** {@link PoolSupervisor.findObstacle} */
  findObstacle(): string | undefined;
  /** Has to be awaited before anything is answered; begins the work in the background. */
  start(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Puts the registry between a controller and the stores that nodes offer. Nothing is done before {@link SupervisedPools.start}. */
export function supervisePools<S extends FileStore>(options: SupervisePoolsOptions<S>): SupervisedPools<S> {
  const { stores, reports, driver, registry, isRegisteredWhenOpen = false } = options;
  const view = new RegistryView(registry, options.clock);
  const supervisor = new PoolSupervisor({ ...options, view });
  return {
    stores: new SupervisedStores({ driver, stores, view, reports, isRegisteredWhenOpen }),
    released: view,
    listInstances: () => view.instances,
    findObstacle: () => supervisor.findObstacle(),
    start: async (signal) => await supervisor.start(signal),
    close: async () => await supervisor.close(),
  };
}
