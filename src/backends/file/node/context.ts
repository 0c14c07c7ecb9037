import type { KeyedLock } from '../../../base/keyed-lock.ts';
import type { FsType } from '../../../domain/access.ts';
import type { LocalFileStore } from '../../../filestore/file-store.ts';
import type { StoreDirectory } from '../../../filestore/store-directory.ts';
import type { Filesystem } from '../../../host/filesystems/filesystem.ts';
import type { Formatter } from '../../../host/formatter.ts';
import type { Loops, Mounts } from '../../../host/host.ts';
import type { Syscalls } from '../../../host/syscalls/syscalls.ts';
import type { Logger } from '../../../observability/logger.ts';

/** What the node half over local file stores works with. */
export interface FileNodeContext {
  readonly stores: StoreDirectory<LocalFileStore>;
  readonly mounts: Mounts;
  readonly loops: Loops;
  readonly syscalls: Pick<
    Syscalls,
    'statfs' | 'attachLoop' | 'detachLoop' | 'listLoops' | 'getDeviceSize' | 'probeExclusive'
  >;
  readonly findBackingPath: (device: string) => Promise<string | undefined>;
  readonly getFilesystem: (type: FsType) => Filesystem;
  readonly formatter: Formatter;
  /** Held per volume: whoever freezes one holds the same key. */
  readonly locks: KeyedLock;
  readonly logger: Logger;
}

/** The key that everything holds which changes where a volume is mounted, or relies on its staying so. */
export function volumeLockKey(volumeId: string): string {
  return `volume:${volumeId}`;
}
