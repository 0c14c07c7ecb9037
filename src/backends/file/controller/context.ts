import type { StoreDirectory } from '../../../filestore/store-directory.ts';
import type { Logger } from '../../../observability/logger.ts';
import type { TopologyOf } from './to-domain.ts';

/** What the controller half over file stores works with. */
export interface FileControllerContext {
  readonly stores: StoreDirectory;
  readonly topologyOf: TopologyOf;
  readonly logger: Logger;
}
