import type { Clock } from '../../../base/clock.ts';
import { KeyedLock } from '../../../base/keyed-lock.ts';
import type { ContentSources } from '../../../filestore/content/content.ts';
import type { PoolRecord } from '../../../filestore/records.ts';
import { createFilesystems } from '../../../host/filesystems/index.ts';
import { createFormatter } from '../../../host/formatter.ts';
import type { Host } from '../../../host/host.ts';
import type { Logger } from '../../../observability/logger.ts';
import { createFileRegistry } from '../../../pools/file-registry.ts';
import { type ConfiguredPool, type OpenPoolDeps, openPool } from '../../../pools/open-pool.ts';
import { probeDirectory } from '../../../pools/probe-directory.ts';
import type { StoreOpening } from '../../../pools/worker/store-verbs.ts';
import { createStorePaths } from '../../../filestore/paths.ts';
import type { PoolMounts } from './pool-mounts.ts';
import type { NfsWorkerSetup } from './setup.ts';

/** How a worker opens the store of its pool: mounted for agents, and shared with those of other nodes. */
export function createWorkerStoreOpening(
  setup: NfsWorkerSetup,
  deps: {
    readonly host: Host;
    readonly mounts: PoolMounts;
    readonly contents: ContentSources;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly onLost: (sentence: string) => void;
  },
): StoreOpening {
  const { host, mounts, contents, clock, logger, onLost } = deps;
  const { driver, stateDirectory, nodeName, clusterId, pool } = setup;
  const opening: OpenPoolDeps = {
    host,
    formatter: createFormatter({ filesystems: createFilesystems(host), syscalls: host.syscalls, logger }),
    registry: createFileRegistry({ stateDirectory, driver, clock }),
    clusterId,
    nodeName,
    driver,
    locks: new KeyedLock(),
    clock,
    logger,
    contents,
  };
  let root: string | undefined;
  return {
    async open(admittance, lost, signal) {
      root = await mounts.ensureManagement(signal);
      const configured: ConfiguredPool = {
        name: pool.name,
        path: root,
        backing: {
          type: 'none',
          ...(pool.type === 'shared' && pool.mountPoint !== undefined ? { mountPoint: pool.mountPoint } : {}),
        },
        isShared: true,
        overcommit: pool.overcommit,
        lowWaterPercent: pool.lowWaterPercent,
      };
      let record: PoolRecord | undefined;
      const claim = (claimed: PoolRecord): void => {
        record = claimed;
      };
      const store = await openPool(opening, { pool: configured, admittance }, { claim, lost }, signal);
      return store === undefined || record === undefined ? undefined : { store, record };
    },
    async probe() {
      // An opening that hangs holds up the first of the two.
      await mounts.probe();
      if (root !== undefined) await probeDirectory(createStorePaths(root).control);
    },
    onLost: (error) => onLost(error.message),
  };
}
