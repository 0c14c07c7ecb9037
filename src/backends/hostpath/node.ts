import type { KeyedLock } from '../../base/keyed-lock.ts';
import type { LocalFileStore } from '../../filestore/file-store.ts';
import type { StoreDirectory } from '../../filestore/store-directory.ts';
import { createFilesystems } from '../../host/filesystems/index.ts';
import { createFormatter } from '../../host/formatter.ts';
import type { Host } from '../../host/host.ts';
import { findBackingPath } from '../../host/loop-backing.ts';
import type { Logger } from '../../observability/logger.ts';
import type { NodeBackend } from '../backend.ts';
import { createFileNode } from '../file/node/create-node.ts';
import { toTopology } from './topology.ts';

/** What the node half works with. */
export interface HostpathNodeDeps {
  readonly stores: StoreDirectory<LocalFileStore>;
  readonly host: Host;
  readonly nodeName: string;
  /** Shared with the stores, which freeze volumes under `volume:<id>`. */
  readonly locks: KeyedLock;
  readonly logger: Logger;
}

/** The node half of host-path: volumes of this node's own pools. It has no limit of volumes to state. */
export function createHostpathNode(deps: HostpathNodeDeps): NodeBackend {
  const { host, nodeName, stores, locks } = deps;
  const { commands, loops, mounts, syscalls } = host;
  const logger = deps.logger.child({ component: 'hostpath-node' });
  const filesystems = createFilesystems({ commands, syscalls });
  const formatter = createFormatter({ filesystems, syscalls, logger });
  return createFileNode(
    {
      stores,
      mounts,
      loops,
      syscalls,
      findBackingPath,
      getFilesystem: (type) => filesystems.getFilesystem(type),
      formatter,
      locks,
      logger,
    },
    { nodeId: nodeName, maxVolumes: 0, topology: toTopology(nodeName) },
  );
}
