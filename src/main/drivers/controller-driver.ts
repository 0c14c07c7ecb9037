import type { RemoteStores } from '../../agent/remote-stores.ts';
import type { ControllerBackend } from '../../backends/backend.ts';
import type { ContentOrigins } from '../../filestore/content/content.ts';
import type { FileStore } from '../../filestore/file-store.ts';
import type { StoreDirectory } from '../../filestore/store-directory.ts';
import type { ControllerGround } from '../controller-ground.ts';
import type { GatedPools } from '../gated-pools.ts';
import type { ProgramOptions } from '../program.ts';
import type { DriverEndpoints } from '../sockets.ts';

/** What a driver makes its controller half of. */
export interface ControllerDriverDeps {
  readonly options: ProgramOptions;
  readonly ground: ControllerGround;
  /** The pools of all drivers behind their agents; it is started once every driver has been made. */
  readonly remote: RemoteStores;
  /** How the store of a new volume is told where its source is. */
  readonly origins: ContentOrigins;
  /** {@link ControllerDriver.sources} of every driver of this program: where the source of a volume may be. Not to be asked while drivers are made. */
  readonly sources: StoreDirectory;
}

/** A driver's controller half in a program. */
export interface ControllerDriver {
  /** CSI name. */
  readonly driver: string;
  readonly endpoints: DriverEndpoints;
  /** Started and closed by the program, which shows them, tells what becomes of them, and looks there for volumes that nobody knows. */
  readonly pools: GatedPools<FileStore>;
  /** Its pools as sources of volumes of any driver: the node of an entry is one whose agent hands the content out. */
  readonly sources: StoreDirectory;
  readonly backend: ControllerBackend;
  /** The ids of open pools that cannot hold volumes to their sizes, in no way that a class could ask for. Left out: there are none. */
  readonly listUnenforced?: () => readonly string[];
}

/** Makes the half; nothing is begun yet. Undefined when the configuration has no section for the driver. */
export type CreateControllerDriver = (deps: ControllerDriverDeps) => ControllerDriver | undefined;
