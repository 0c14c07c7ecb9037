import { quote } from '../../base/quote.ts';
import { type ContentOrigins, localOrigins } from '../../filestore/content/content.ts';
import type { VolumeRecord } from '../../filestore/records.ts';
import type { StoreDirectory } from '../../filestore/store-directory.ts';
import type { Logger } from '../../observability/logger.ts';
import type { ReleasedPools } from '../../pools/released-pools.ts';
import type { ControllerBackend } from '../backend.ts';
import { bounded } from '../file/bounded.ts';
import type { FileControllerContext } from '../file/controller/context.ts';
import { createFileHealth } from '../file/controller/health.ts';
import { findObjection } from '../file/controller/objections.ts';
import { createFileSnapshots } from '../file/controller/snapshots.ts';
import { createFileExpansion, createFileVolumes } from '../file/controller/volumes.ts';
import { checkNfsCapabilities } from './capabilities.ts';
import { createNfsCapacity } from './capacity.ts';
import { createVolume } from './create-volume.ts';

/** What the controller half works with. */
export interface NfsControllerDeps {
  /** One entry for each pool, with the agent that works on it now. */
  readonly stores: StoreDirectory;
  /** Where sources of volumes may be, those of other drivers included. Default: the stores. */
  readonly sources?: StoreDirectory;
  /** Left out where no pool is ever given up. */
  readonly released?: ReleasedPools;
  /** Default: that of a program which has all stores in itself. */
  readonly origins?: ContentOrigins;
  readonly logger: Logger;
}

/** The controller half of NFS: volumes live in a pool that all nodes reach. */
export function createNfsController({
  stores,
  sources = stores,
  released,
  origins = localOrigins,
  logger,
}: NfsControllerDeps): ControllerBackend {
  const context: FileControllerContext = {
    stores,
    sources,
    released,
    origins,
    topologyOf: () => [],
    contextOf: toContext,
    // What a directory that all nodes share is not, has been refused before.
    findUseObjection: () => undefined,
    logger: logger.child({ component: 'nfs-controller' }),
  };
  return {
    hasTopology: false,
    checkCapabilities: checkNfsCapabilities,
    async createVolume(options, signal) {
      return await bounded(
        `Making volume ${quote(options.name)}`,
        signal,
        async (own) => await createVolume(context, options, own),
      );
    },
    ...createFileVolumes(context),
    findObjection: async (options, signal) => await findObjection(context, options, signal),
    expansion: createFileExpansion(context),
    snapshots: createFileSnapshots(context),
    cloning: { supported: true },
    capacity: createNfsCapacity(stores),
    health: createFileHealth(context),
  };
}

/** What nodes have to know of a volume beyond its pool. */
function toContext({ asked }: VolumeRecord): Readonly<Record<string, string>> {
  const { nfsVersions } = asked.parameters;
  return nfsVersions === undefined ? {} : { nfsVersions };
}
