import type { StoreDirectory } from '../../../filestore/store-directory.ts';
import type { Logger } from '../../../observability/logger.ts';
import type { ReleasedPools } from '../../../pools/released-pools.ts';
import type { TopologyOf } from './to-domain.ts';

/** What the controller half over file stores works with. */
export interface FileControllerContext {
  readonly stores: StoreDirectory;
  /** Left out where no pool is ever given up. */
  readonly released?: ReleasedPools | undefined;
  readonly topologyOf: TopologyOf;
  readonly logger: Logger;
}
