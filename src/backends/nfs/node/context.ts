import type { KeyedLock } from '../../../base/keyed-lock.ts';
import type { Mounts } from '../../../host/host.ts';
import type { Syscalls } from '../../../host/syscalls/syscalls.ts';
import type { Logger } from '../../../observability/logger.ts';
import type { NfsWorkers } from './workers.ts';

/** What the node half of NFS works with. Itself it never touches a file system that may hang: its worker does. */
export interface NfsNodeContext {
  readonly workers: NfsWorkers;
  readonly mountDirectory: string;
  readonly mounts: Pick<Mounts, 'list'>;
  readonly syscalls: Pick<Syscalls, 'unmount'>;
  /** One call at a time for each volume. */
  readonly locks: KeyedLock;
  readonly logger: Logger;
}
