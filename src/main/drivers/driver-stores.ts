import type { FileStore } from '../../filestore/file-store.ts';
import type { StoreDirectory } from '../../filestore/store-directory.ts';

/** The pools of one driver, as they are to be seen. */
export interface DriverStores<S extends FileStore = FileStore> {
  /** CSI name. */
  readonly driver: string;
  readonly stores: StoreDirectory<S>;
}
