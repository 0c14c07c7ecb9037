import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import {
  checkDirectoryRights,
  ensureDirectoryDurable,
  fsyncDirectory,
  readTextFile,
} from '../base/durable-files.ts';
import { isErrno } from '../base/errno.ts';
import { DriverError } from '../domain/errors.ts';
import { isPoolId, parseObjectId } from '../domain/ids.ts';
import { createRegistry } from './create-registry.ts';
import { formatInstance, formatTombstone, InstanceRecord, TombstoneRecord } from './instance-record.ts';
import type { PoolInstance, PoolRegistry, Tombstone } from './registry.ts';
import type { KeptInstance, RegistryHome } from './registry-home.ts';
import { parseRegistryText, toRegistryError, unreadable } from './registry-text.ts';
import { readSingleFile, retireSingleFile } from './single-file-registry.ts';
import { linkNewFile, VersionedFiles, type VersionedText } from './versioned-files.ts';

const SUFFIX = '.json';
const MAX_BYTES = 64 * 1024;
/** How many tombstones are read at once. */
const BATCH = 64;

export interface FileRegistryOptions {
  /** The registry is in `registry/` below. Shared by all programs that are to see the same registry. */
  readonly stateDirectory: string;
  /** The driver to which the pools of an earlier release's single file belong. Undefined: whose they are is not known, and the file is left for whoever knows. */
  readonly driver: string | undefined;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * The registry as files of a directory: `registry/pools/<pool id>.<version>.json` and `registry/tombstones/<pool id>/<object id>.json`. Several programs may
 * use it at once, on one machine.
 */
export function createFileRegistry({ stateDirectory, driver, clock }: FileRegistryOptions): PoolRegistry {
  return createRegistry(new FileHome(stateDirectory, driver), clock);
}

class FileHome implements RegistryHome {
  readonly #root: string;
  readonly #singleFile: string;
  readonly #driver: string | undefined;
  readonly #pools: VersionedFiles;
  #isMigrated = false;

  constructor(stateDirectory: string, driver: string | undefined) {
    this.#root = join(stateDirectory, 'registry');
    this.#singleFile = join(stateDirectory, 'pools.json');
    this.#driver = driver;
    this.#pools = new VersionedFiles(join(this.#root, 'pools'));
  }

  async check(signal: AbortSignal): Promise<void> {
    await this.#enter(signal, async () => {
      for (const directory of [join(this.#root, 'pools'), this.#graves('')]) {
        await checkDirectoryRights(directory);
      }
    });
  }

  async list(signal: AbortSignal): Promise<readonly KeptInstance[]> {
    return await this.#enter(signal, async () => (await this.#pools.list()).map(toKept));
  }

  async find(poolId: string, signal: AbortSignal): Promise<KeptInstance | undefined> {
    if (!isPoolId(poolId)) return undefined;
    return await this.#enter(signal, async () => {
      const found = await this.#pools.find(poolId);
      return found === undefined ? undefined : toKept(found);
    });
  }

  async create(instance: PoolInstance, signal: AbortSignal): Promise<boolean> {
    return await this.#enter(signal, async () => await this.#create(instance));
  }

  async replace({ version }: KeptInstance, next: PoolInstance, signal: AbortSignal): Promise<boolean> {
    return await this.#enter(
      signal,
      async () => await this.#pools.write(next.poolId, Number(version) + 1, formatInstance(next)),
    );
  }

  async addTombstone({ poolId, objectId, at }: Tombstone, signal: AbortSignal): Promise<void> {
    await this.#enter(signal, async () => {
      const directory = this.#graves(poolId);
      await ensureDirectoryDurable(directory);
      await linkNewFile(join(directory, `${objectId}${SUFFIX}`), formatTombstone(at));
      // Also when they were there: whoever made them may not have come so far.
      await fsyncDirectory(directory);
      await fsyncDirectory(this.#graves(''));
    });
  }

  async listTombstones(poolId: string | undefined, signal: AbortSignal): Promise<readonly Tombstone[]> {
    return await this.#enter(signal, async () => {
      const poolIds = poolId === undefined ? await listNames(this.#graves('')) : [poolId];
      const lists = await Promise.all(poolIds.filter(isPoolId).map((id) => this.#listGraves(id)));
      return lists.flat();
    });
  }

  async removeTombstone({ poolId, objectId }: Omit<Tombstone, 'at'>, signal: AbortSignal): Promise<void> {
    await this.#enter(signal, async () => {
      const directory = this.#graves(poolId);
      try {
        await rm(join(directory, `${objectId}${SUFFIX}`));
      } catch (error) {
        if (isErrno(error, 'ENOENT')) return;
        throw error;
      }
      await fsyncDirectory(directory);
    });
  }

  /** Every access: takes over what an earlier release left, and says which directory is the matter. */
  async #enter<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      if (!this.#isMigrated) await this.#migrate();
      this.#isMigrated = true;
      return await work();
    } catch (error) {
      if (error instanceof DriverError) throw error;
      throw toRegistryError(this.#root, error, process.geteuid?.() ?? 0);
    }
  }

  /** Killed anywhere, it is done again: what is there already is left as it is. */
  async #migrate(): Promise<void> {
    if (this.#driver === undefined) return;
    const instances = await readSingleFile(this.#singleFile, this.#driver);
    for (const instance of instances) await this.#create(instance);
    await retireSingleFile(this.#singleFile);
  }

  async #create(instance: PoolInstance): Promise<boolean> {
    return await this.#pools.write(instance.poolId, 1, formatInstance(instance));
  }

  #graves(poolId: string): string {
    return join(this.#root, 'tombstones', poolId);
  }

  async #listGraves(poolId: string): Promise<readonly Tombstone[]> {
    const directory = this.#graves(poolId);
    const objectIds = (await listNames(directory))
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => name.slice(0, -SUFFIX.length))
      .filter((objectId) => parseObjectId(objectId)?.poolId === poolId);
    const tombstones: Tombstone[] = [];
    for (let start = 0; start < objectIds.length; start += BATCH) {
      const batch = objectIds.slice(start, start + BATCH);
      const read = await Promise.all(batch.map((objectId) => readTombstone(directory, poolId, objectId)));
      tombstones.push(...read.flat());
    }
    return tombstones;
  }
}

function toKept({ name, version, path, text }: VersionedText): KeptInstance {
  const instance = parseRegistryText(InstanceRecord, { path, text });
  if (instance.poolId !== name) {
    throw unreadable(path, `it is the entry of pool ${instance.poolId}`, undefined);
  }
  return { instance, version: String(version) };
}

/** Empty for one that was carried out meanwhile. */
async function readTombstone(
  directory: string,
  poolId: string,
  objectId: string,
): Promise<readonly Tombstone[]> {
  const path = join(directory, `${objectId}${SUFFIX}`);
  try {
    const text = await readTextFile(path, { maximumBytes: MAX_BYTES });
    return [{ poolId, objectId, at: parseRegistryText(TombstoneRecord, { path, text }) }];
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

async function listNames(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
