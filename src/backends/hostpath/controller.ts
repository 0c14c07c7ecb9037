import { quote } from '../../base/quote.ts';
import { type ContentOrigins, localOrigins } from '../../filestore/content/content.ts';
import type { StoreDirectory } from '../../filestore/store-directory.ts';
import type { Logger } from '../../observability/logger.ts';
import type { ReleasedPools } from '../../pools/released-pools.ts';
import type { ControllerBackend } from '../backend.ts';
import { bounded } from '../file/bounded.ts';
import {
  checkSingleNode,
  findSingleNodeObjection,
  findUseObjection,
} from '../file/controller/capabilities.ts';
import type { FileControllerContext } from '../file/controller/context.ts';
import { createFileHealth } from '../file/controller/health.ts';
import { findObjection } from '../file/controller/objections.ts';
import { createFileSnapshots } from '../file/controller/snapshots.ts';
import { createFileExpansion, createFileVolumes } from '../file/controller/volumes.ts';
import { createHostpathCapacity } from './capacity.ts';
import { createVolume } from './create-volume.ts';
import { toTopology } from './topology.ts';

/** What the controller half works with. */
export interface HostpathControllerDeps {
  readonly stores: StoreDirectory;
  /** Where sources of volumes may be, these stores among them. Default: these alone. */
  readonly sources?: StoreDirectory;
  /** Left out where no pool is ever given up. */
  readonly released?: ReleasedPools;
  /** Default: that of a program which has all stores in itself. */
  readonly origins?: ContentOrigins;
  readonly logger: Logger;
}

/** The controller half of host-path: volumes live in a pool of one node, and are used there. */
export function createHostpathController({
  stores,
  sources = stores,
  released,
  origins = localOrigins,
  logger,
}: HostpathControllerDeps): ControllerBackend {
  const context: FileControllerContext = {
    stores,
    sources,
    released,
    origins,
    topologyOf: ({ nodeName }) => [toTopology(nodeName)],
    findUseObjection: (record, capabilities) =>
      findSingleNodeObjection(capabilities) ?? findUseObjection(record, capabilities),
    logger: logger.child({ component: 'hostpath-controller' }),
  };
  return {
    hasTopology: true,
    checkCapabilities: checkSingleNode,
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
    capacity: createHostpathCapacity(stores),
    health: createFileHealth(context),
  };
}
