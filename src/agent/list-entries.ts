import type { FileStore } from '../filestore/file-store.ts';
import type { StoreEntry } from '../filestore/store-directory.ts';
import type { AgentState } from './agent-watch.ts';
import type { DescribedPool } from './description.ts';
import type { AgentAddress } from './discovery.ts';
import type { KnownPool } from './remote-stores.ts';

/** An agent as far as its pools go. */
export interface WatchedAgent {
  readonly agent: AgentAddress;
  readonly state: AgentState;
  findStore(poolId: string): FileStore | undefined;
}

/** An entry, and the driver whose pool it is. */
interface OwnedEntry {
  readonly driver: string;
  readonly entry: StoreEntry;
  /** See {@link AgentPoolSettings}. */
  readonly isShared?: true;
}

/** Entries by the CSI name of the driver that they belong to. */
export type EntriesByDriver = ReadonlyMap<string, readonly StoreEntry[]>;

/**
 * Every pool of every node: those that agents describe, then those that only the registry knows, except released ones and those that
 * their node, which answers, does not have any more. Where two nodes have one pool id open, neither is used, also if the two belong to different drivers.
 */
export function listEntries(agents: readonly WatchedAgent[], known: readonly KnownPool[]): EntriesByDriver {
  const places = new Map(known.map((pool) => [toKey(pool), pool]));
  const described = agents.flatMap((agent) => listDescribed(agent, places));
  const keys = new Set(
    described.map(({ driver, entry }) =>
      toKey({ driver, poolName: entry.poolName, nodeName: entry.nodeName }),
    ),
  );
  const byNode = new Map(agents.map((agent) => [agent.agent.nodeName, agent.state]));
  const silent = known
    .filter((pool) => pool.releasedAt === undefined && !keys.has(toKey(pool)))
    .filter(({ nodeName }) => byNode.get(nodeName)?.kind !== 'answering')
    .map((pool) => ({ driver: pool.driver, entry: toKnownEntry(pool, byNode.get(pool.nodeName)) }));
  return groupByDriver(refuseDuplicates([...described, ...silent]));
}

/** Pools that the registry knows on nodes that answer, and that are not configured there any more. */
export function listFormerEntries(
  agents: readonly WatchedAgent[],
  known: readonly KnownPool[],
): EntriesByDriver {
  const byNode = Map.groupBy(known, ({ nodeName }) => nodeName);
  const former = agents.flatMap(({ agent: { nodeName }, state }) => {
    if (state.kind !== 'answering') return [];
    const keys = new Set(
      state.description.pools.map(({ driver, name }) => toKey({ driver, nodeName, poolName: name })),
    );
    return (byNode.get(nodeName) ?? [])
      .filter((pool) => pool.releasedAt === undefined && !keys.has(toKey(pool)))
      .map((pool) => ({ driver: pool.driver, entry: toFormerEntry(pool) }));
  });
  return groupByDriver(former);
}

function groupByDriver(owned: readonly OwnedEntry[]): EntriesByDriver {
  const groups = new Map<string, StoreEntry[]>();
  for (const { driver, entry } of owned) {
    const group = groups.get(driver);
    if (group === undefined) groups.set(driver, [entry]);
    else group.push(entry);
  }
  return groups;
}

function listDescribed(agent: WatchedAgent, places: ReadonlyMap<string, KnownPool>): readonly OwnedEntry[] {
  const { state } = agent;
  if (state.kind === 'unknown') return [];
  const { nodeName } = agent.agent;
  return (state.description?.pools ?? []).map((pool) => {
    const { driver, name: poolName } = pool;
    const known = places.get(toKey({ driver, poolName, nodeName }));
    const entry: StoreEntry = {
      poolName,
      nodeName,
      poolId: pool.poolId ?? (known?.releasedAt === undefined ? known?.poolId : undefined),
      state:
        state.kind === 'silent'
          ? { unavailable: state.reason }
          : toEntryState(pool, agent, known !== undefined),
    };
    return { driver, entry, ...(pool.settings.isShared === true ? { isShared: true } : {}) };
  });
}

function toEntryState(
  { name, poolId, state }: DescribedPool,
  agent: WatchedAgent,
  isKnown: boolean,
): StoreEntry['state'] {
  // Where neither the node nor the registry knows anything, nothing can be.
  const isNew = !isKnown && poolId === undefined;
  if (state.kind === 'unavailable') return { unavailable: state.reason, ...(isNew ? { isNew } : {}) };
  const store = poolId === undefined ? undefined : agent.findStore(poolId);
  if (state.kind === 'open' && store !== undefined) return { store };
  const unavailable = `Pool ${name} of node ${agent.agent.nodeName} is being opened, or waits to be admitted by the controller: ask again.`;
  return { unavailable, isOpening: true, ...(isNew ? { isNew } : {}) };
}

function toKnownEntry(pool: KnownPool, state: AgentState | undefined): StoreEntry {
  const { poolName, nodeName, poolId } = pool;
  return { poolName, nodeName, poolId, state: { unavailable: toReason(pool, state) } };
}

function toFormerEntry({ poolName, nodeName, poolId }: KnownPool): StoreEntry {
  const unavailable = `Pool ${poolName} (${poolId}) is not configured on node ${nodeName} any more, but its volumes may be there still. Configure it again until they are deleted; if its data is gone for good, let the registry forget it.`;
  return { poolName, nodeName, poolId, state: { unavailable } };
}

function toReason({ poolName, nodeName, poolId }: KnownPool, state: AgentState | undefined): string {
  if (state?.kind === 'silent') return state.reason;
  if (state !== undefined) return `The agent of node ${nodeName} has not been asked yet: ask again.`;
  return `Node ${nodeName}, which has pool ${poolName} (${poolId}), has no agent now: bring the node back, or let the registry forget it if its data is gone for good.`;
}

/**
 * A cloned disk: nobody can say which of the two a volume is on, so neither serves. A node that does not have the pool open counts for nothing, since it
 * may only remember what was moved away: then the registry says which place is the right one. A pool that all of them call shared, by one name, is the same for all.
 */
function refuseDuplicates(owned: readonly OwnedEntry[]): readonly OwnedEntry[] {
  const nodes = new Map<string, Set<string>>();
  for (const { entry, isShared, driver } of owned) {
    const { poolId, nodeName, state } = entry;
    if (poolId !== undefined && 'store' in state)
      nodes.set(
        poolId,
        (nodes.get(poolId) ?? new Set()).add(
          isShared === true ? `any of ${driver}/${entry.poolName}` : nodeName,
        ),
      );
  }
  return owned.map(({ driver, entry }) => {
    const twins = entry.poolId === undefined ? undefined : nodes.get(entry.poolId);
    if (twins === undefined || twins.size < 2 || !('store' in entry.state)) return { driver, entry };
    const unavailable = `Nodes ${[...twins].sort().join(' and ')} both have a pool with the id ${entry.poolId}, so one is a copy of the other, and neither is used. Remove the copy, or wipe it; if the disk was moved, let the registry forget the node that had it.`;
    return { driver, entry: { ...entry, state: { unavailable } } };
  });
}

function toKey({ driver, poolName, nodeName }: Omit<KnownPool, 'poolId' | 'releasedAt'>): string {
  return `${driver}/${nodeName}/${poolName}`;
}
