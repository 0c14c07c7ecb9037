import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { KeyedLock } from '../../src/base/keyed-lock.ts';
import type { AdoptingFileStore } from '../../src/filestore/file-store.ts';
import { type OpenStoreOptions, openLocalStore } from '../../src/filestore/open-store.ts';
import { createStorePaths, type StorePaths } from '../../src/filestore/paths.ts';
import { ensurePoolRecord } from '../../src/filestore/pool/pool-record-file.ts';
import { createHost } from '../../src/host/create-host.ts';
import type { Host } from '../../src/host/host.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { makeScratchFilesystem, type ScratchFilesystem, type ScratchOptions } from '../support/scratch.ts';

export const CLUSTER_ID = 'cluster-of-tests';

/** A local store on a file system of its own. */
export interface LocalStoreFixture extends AsyncDisposable {
  readonly scratch: ScratchFilesystem;
  readonly host: Host;
  readonly paths: StorePaths;
  readonly locks: KeyedLock;
  /** The store that is open now. */
  readonly store: AdoptingFileStore;
  /** Closes it and opens it again, as a restart does. */
  reopen(overrides?: Partial<OpenStoreOptions>): Promise<AdoptingFileStore>;
  /** Like {@link reopen}, but without closing the one before: it was killed. */
  openAnother(overrides?: Partial<OpenStoreOptions>): Promise<AdoptingFileStore>;
}

/** Makes a file system, a pool in it, and opens its store. */
export async function makeLocalStore(
  scratchOptions: ScratchOptions,
  overrides: Partial<OpenStoreOptions> = {},
): Promise<LocalStoreFixture> {
  return await makeStoreOn(await makeScratchFilesystem(scratchOptions), overrides);
}

/** Makes a pool in a file system that is mounted, and opens its store. The file system is disposed with it. */
export async function makeStoreOn(
  scratchFilesystem: ScratchFilesystem,
  overrides: Partial<OpenStoreOptions> = {},
): Promise<LocalStoreFixture> {
  await using undo = new AsyncDisposableStack();
  const scratch = undo.use(scratchFilesystem);
  const path = join(scratch.path, 'pool');
  await mkdir(path, { mode: 0o700 });
  const runDirectory = join(scratch.path, '..', 'run');
  const host = createHost({ logger: silentLogger, clock: systemClock, runDirectory });
  undo.defer(() => host.close());
  const paths = createStorePaths(path);
  const identity = { name: 'test', clusterId: CLUSTER_ID, clock: systemClock, knownPoolId: undefined };
  await ensurePoolRecord({ ...identity, paths });
  const locks = new KeyedLock();
  const base: OpenStoreOptions = {
    pool: { name: 'test', path, overcommit: 1, lowWaterPercent: 5 },
    host,
    clusterId: CLUSTER_ID,
    nodeName: 'node-1',
    locks,
    clock: systemClock,
    logger: silentLogger,
  };
  const openStores = new Set<AdoptingFileStore>();
  undo.defer(async () => void (await Promise.all([...openStores].map((store) => store.close()))));
  const openAnother = async (options: Partial<OpenStoreOptions> = {}): Promise<AdoptingFileStore> => {
    const opened = await openLocalStore({ ...base, ...overrides, ...options }, AbortSignal.timeout(30_000));
    openStores.add(opened);
    return opened;
  };
  let store = await openAnother();
  const resources = undo.move();
  return {
    scratch,
    host,
    paths,
    locks,
    get store() {
      return store;
    },
    openAnother,
    async reopen(options) {
      await store.close();
      store = await openAnother(options);
      return store;
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
