import type { BuryRequest, PoolInstance, PoolRegistry, Tombstone } from '../../src/pools/registry.ts';
import { createRegistry } from '../../src/pools/create-registry.ts';
import type { KeptInstance, RegistryHome } from '../../src/pools/registry-home.ts';

/** A registry in memory, as several programs would share it, which can be made to fail. */
export interface MemoryRegistry {
  readonly open: () => PoolRegistry;
  readonly home: RegistryHome;
  /** How many times something was written. */
  readonly writes: () => number;
  /** Every access fails with this from now on; undefined ends that. */
  failWith(error: Error | undefined): void;
  /** The same for whatever is written; `isForeseen` (the default): its check says so as well. */
  failWritesWith(error: Error | undefined, options?: { readonly isForeseen?: boolean }): void;
}

/** Makes one that is empty. */
export function createMemoryRegistry(clock: { now(): number }): MemoryRegistry {
  const pools = new Map<string, KeptInstance>();
  const graves = new Map<string, Tombstone>();
  let versions = 0;
  let writes = 0;
  let failure: Error | undefined;
  let writeFailure: Error | undefined;
  let foreseen: Error | undefined;
  const enter = async (signal: AbortSignal): Promise<void> => {
    await Promise.resolve();
    signal.throwIfAborted();
    if (failure !== undefined) throw failure;
  };
  const enterToWrite = async (signal: AbortSignal): Promise<void> => {
    await enter(signal);
    if (writeFailure !== undefined) throw writeFailure;
  };
  const write = (instance: PoolInstance): true => {
    versions += 1;
    writes += 1;
    pools.set(instance.poolId, { instance, version: `${versions}` });
    return true;
  };
  const home: RegistryHome = {
    async check(signal) {
      await enter(signal);
      if (foreseen !== undefined) throw foreseen;
    },
    async list(signal) {
      await enter(signal);
      return [...pools.values()];
    },
    async find(poolId, signal) {
      await enter(signal);
      return pools.get(poolId);
    },
    async create(instance, signal) {
      await enterToWrite(signal);
      return !pools.has(instance.poolId) && write(instance);
    },
    async replace({ version }, next, signal) {
      await enterToWrite(signal);
      return pools.get(next.poolId)?.version === version && write(next);
    },
    async addTombstone(tombstone, signal) {
      await enterToWrite(signal);
      if (!graves.has(tombstone.objectId)) graves.set(tombstone.objectId, tombstone);
    },
    async listTombstones(poolId, signal) {
      await enter(signal);
      return [...graves.values()].filter((grave) => poolId === undefined || grave.poolId === poolId);
    },
    async removeTombstone({ objectId }: BuryRequest, signal) {
      await enterToWrite(signal);
      graves.delete(objectId);
    },
  };
  return {
    home,
    open: () => createRegistry(home, clock),
    writes: () => writes,
    failWith(error) {
      failure = error;
    },
    failWritesWith(error, { isForeseen = true } = {}) {
      writeFailure = error;
      foreseen = isForeseen ? error : undefined;
    },
  };
}
