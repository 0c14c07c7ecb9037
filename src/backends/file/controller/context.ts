import type { ContentOrigins } from '../../../filestore/content/content.ts';
import type { StoreDirectory } from '../../../filestore/store-directory.ts';
import type { Logger } from '../../../observability/logger.ts';
import type { ReleasedPools } from '../../../pools/released-pools.ts';
import type { VolumeCapability } from '../../../domain/access.ts';
import type { VolumeRecord } from '../../../filestore/records.ts';
import type { VolumeView } from './to-domain.ts';

/** What the controller half over file stores works with. */
export interface FileControllerContext extends VolumeView {
  readonly stores: StoreDirectory;
  /** Where the content of a new volume may come from: stores of other drivers as well. */
  readonly sources: StoreDirectory;
  /** Left out where no pool is ever given up. */
  readonly released?: ReleasedPools | undefined;
  /** Why a volume cannot be used in these ways, which the backend takes as such; undefined when it can. */
  readonly findUseObjection: (
    record: VolumeRecord,
    capabilities: readonly VolumeCapability[],
  ) => string | undefined;
  /** How the store of a new volume is told where its source is, when that is elsewhere. */
  readonly origins: ContentOrigins;
  readonly logger: Logger;
}
