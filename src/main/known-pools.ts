import type { KnownPool } from '../agent/remote-stores.ts';
import type { PoolInstance } from '../pools/registry.ts';

/** The registry as one driver reads it. */
export interface RegisteredPools {
  /** CSI name of the driver. */
  readonly driver: string;
  /** Everything that is registered, as it was read last: the same list until it has been read again. */
  listInstances(): readonly PoolInstance[];
}

/** The registry as those need it who watch agents: of each driver what this one has read, and the same list until one of them has read it again. */
export function createKnownPools(drivers: () => readonly RegisteredPools[]): () => readonly KnownPool[] {
  let read: readonly (readonly PoolInstance[])[] = [];
  let known: readonly KnownPool[] = [];
  return () => {
    const sources = drivers();
    const lists = sources.map((source) => source.listInstances());
    if (lists.length === read.length && lists.every((list, index) => list === read[index])) return known;
    read = lists;
    known = sources.flatMap((source, index) =>
      (lists[index] ?? [])
        .filter(({ driver }) => driver === source.driver)
        .map(({ driver, poolName, nodeName, poolId, release }) => {
          return { driver, poolName, nodeName, poolId, releasedAt: release?.at };
        }),
    );
    return known;
  };
}
