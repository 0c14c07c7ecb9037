import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import { KeyedLock } from '../../src/base/keyed-lock.ts';
import type { LocalFileStore } from '../../src/filestore/file-store.ts';
import type { PoolBacking } from '../../src/filestore/pool/pool-backing.ts';
import { createHost } from '../../src/host/create-host.ts';
import { createFilesystems } from '../../src/host/filesystems/index.ts';
import { createFormatter } from '../../src/host/formatter.ts';
import type { Host } from '../../src/host/host.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createFileRegistry } from '../../src/pools/file-registry.ts';
import { LocalStores } from '../../src/pools/local-stores.ts';
import { type ConfiguredPool, createPoolOpener } from '../../src/pools/open-pool.ts';
import type { PoolRegistry } from '../../src/pools/registry.ts';
import { type KeptLog, keepLog } from './log-lines.ts';
import { makeScratchDirectory, type ScratchDirectory } from './scratch.ts';

const DRIVER = 'hostpath.stowage.dev';

/** Time that stands still, until a test lets the sleepers go. */
export interface ManualClock extends Clock {
  wake(): void;
}

/** A node whose pools are opened and closed. Disposing it closes what is open and removes everything. */
export interface PoolsFixture extends AsyncDisposable {
  readonly scratch: ScratchDirectory;
  readonly host: Host;
  readonly clock: ManualClock;
  /** What is logged of the pools. */
  readonly log: KeptLog;
  /** The configuration of a pool below the scratch directory. */
  readonly createPool: (name: string, backing: PoolBacking) => ConfiguredPool;
  readonly open: (pools: readonly ConfiguredPool[], clusterId?: string) => Promise<LocalStores>;
  /** Opens what may be opened without a controller's word. Default: node-1. */
  readonly openAsNode: (pools: readonly ConfiguredPool[], nodeName?: string) => Promise<LocalStores>;
  /** What the node itself remembers. */
  readonly registry: PoolRegistry;
  /** Loses what the node itself remembers. */
  readonly forget: () => Promise<void>;
}

/** Makes a node with an empty registry of pools. */
export async function makePoolsFixture(signal: AbortSignal): Promise<PoolsFixture> {
  const scratch = await makeScratchDirectory();
  const clock = createManualClock();
  const log = keepLog();
  const runDirectory = join(scratch.path, 'run');
  const host = createHost({ logger: silentLogger, clock: systemClock, runDirectory });
  const opened: LocalStores[] = [];
  const state = join(scratch.path, 'state');
  const registry = createFileRegistry({ stateDirectory: state, driver: DRIVER, clock });
  const open = async (
    pools: readonly ConfiguredPool[],
    clusterId: string | undefined,
    nodeName = 'node-1',
  ): Promise<LocalStores> => {
    const filesystems = createFilesystems(host);
    const deps = {
      host,
      formatter: createFormatter({ filesystems, syscalls: host.syscalls, logger: silentLogger }),
      registry,
      driver: DRIVER,
      clusterId,
      nodeName,
      locks: new KeyedLock(),
      clock,
      logger: log.logger,
    };
    const stores = new LocalStores({ ...deps, pools, opener: createPoolOpener(deps) });
    opened.push(stores);
    await stores.open(signal);
    return stores;
  };
  return {
    scratch,
    host,
    clock,
    log,
    createPool: (name, backing) => ({
      name,
      path: join(scratch.path, name),
      backing,
      overcommit: 1,
      lowWaterPercent: 5,
    }),
    open: async (pools, clusterId = 'cluster') => await open(pools, clusterId),
    openAsNode: async (pools, nodeName) => await open(pools, undefined, nodeName),
    registry,
    forget: async () => await rm(state, { recursive: true, force: true }),
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((stores) => stores.close()));
      await host.close();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

/** The open store of a pool. Throws with the sentence when it is not open. */
export function getStore(stores: LocalStores, name = 'pool'): LocalFileStore {
  const state = stores.list().find((entry) => entry.poolName === name)?.state;
  if (state === undefined || !('store' in state)) throw new Error(JSON.stringify(state));
  return state.store;
}

/** Why a pool is not open. Throws when it is. */
export function getSentence(stores: LocalStores, name = 'pool'): string {
  const state = stores.list().find((entry) => entry.poolName === name)?.state;
  if (state === undefined || !('unavailable' in state)) throw new Error(`${name} is open`);
  return state.unavailable;
}

function createManualClock(): ManualClock {
  let sleepers: (() => void)[] = [];
  return {
    now: () => systemClock.now(),
    monotonic: () => systemClock.monotonic(),
    async sleep(_ms, aborting) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      sleepers.push(resolve);
      aborting.addEventListener('abort', () => reject(aborting.reason), { once: true });
      await promise;
    },
    wake() {
      for (const sleeper of sleepers.splice(0)) sleeper();
      sleepers = [];
    },
  };
}
