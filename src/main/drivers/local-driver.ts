import type { PoolOffer } from '../../agent/pool-offer.ts';
import type { ControllerBackend, NodeBackend } from '../../backends/backend.ts';
import type { PluginFeatures } from '../../csi/identity.ts';
import type { ContentSources } from '../../filestore/content/content.ts';
import type { LocalFileStore } from '../../filestore/file-store.ts';
import type { StoreDirectory } from '../../filestore/store-directory.ts';
import type { WorkerState } from '../../observability/metrics.ts';
import type { Host } from '../../host/host.ts';
import type { PoolRegistry } from '../../pools/registry.ts';
import type { GatedPools } from '../gated-pools.ts';
import type { ProgramOptions } from '../program.ts';
import type { DriverEndpoints } from '../sockets.ts';

/** What a driver makes its part on a machine of. */
export interface LocalDriverDeps {
  readonly options: ProgramOptions;
  readonly host: Host;
  /** Of this machine alone, for all drivers. */
  readonly registry: PoolRegistry;
  /** Undefined where controllers admit pools. */
  readonly clusterId: string | undefined;
  /** Content of every driver's pools here, and the way to that of other machines. */
  readonly contents: ContentSources;
}

/** The pools of one driver on this machine, none of them open at first. */
export interface LocalPools extends PoolOffer<LocalFileStore> {
  /** Tries each pool once; what fails is tried again in the background. Never throws for a pool's sake. */
  open(signal: AbortSignal): Promise<void>;
  /** The processes that work on pools of it; left out where there are none. */
  listWorkers?(): readonly WorkerState[];
  /** Called after {@link open} has settled. */
  close(): Promise<void>;
}

/** What is served on a driver's CSI sockets. */
export interface LocalCsi {
  readonly endpoints: DriverEndpoints;
  /** Of the driver as a whole. */
  readonly features: PluginFeatures;
  readonly node: NodeBackend;
}

/** A driver's part on a node, or on a server that only offers pools. */
export interface LocalDriver {
  readonly pools: LocalPools;
  /** Left out where pools are offered through the agent alone. */
  readonly csi?: LocalCsi;
}

/** Both halves of a driver in one program. */
export interface AllInOneDriver {
  readonly pools: LocalPools;
  readonly csi: LocalCsi & { readonly controller: ControllerBackend };
  /** The same pools under the registry's word; started and closed by the program. */
  readonly gated: GatedPools<LocalFileStore>;
}

export interface AllInOneDriverDeps extends LocalDriverDeps {
  readonly clusterId: string;
  /** The pools of every driver of this program, under the registry's word: where the source of a volume may be. Not to be asked while drivers are made. */
  readonly sources: StoreDirectory;
}

/** How a driver's part on a machine is made; nothing is begun yet. Each is undefined when the configuration has no section for the driver. */
export interface LocalDriverEntry {
  createNode(deps: LocalDriverDeps): LocalDriver | undefined;
  createAllInOne(deps: AllInOneDriverDeps): AllInOneDriver | undefined;
  /** Only of drivers whose definition says that they have one. */
  createAgent?(deps: LocalDriverDeps): LocalDriver | undefined;
}
