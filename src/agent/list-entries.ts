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

/**
 * Every pool of every node: those that agents describe, then those that only the registry knows, except released ones and those that
 * their node, which answers, does not have any more. Where two nodes have one pool id open, neither is used.
 */
export function listEntries(
  agents: readonly WatchedAgent[],
  known: readonly KnownPool[],
): readonly StoreEntry[] {
  const places = new Map(known.map((pool) => [toKey(pool), pool]));
  const described = agents.flatMap((agent) => listDescribed(agent, places));
  const keys = new Set(described.map(toKey));
  const byNode = new Map(agents.map((agent) => [agent.agent.nodeName, agent.state]));
  const silent = known
    .filter((pool) => pool.releasedAt === undefined && !keys.has(toKey(pool)))
    .filter(({ nodeName }) => byNode.get(nodeName)?.kind !== 'answering')
    .map((pool) => toKnownEntry(pool, byNode.get(pool.nodeName)));
  return refuseDuplicates([...described, ...silent]);
}

/** Pools that the registry knows on nodes that answer, and that are not configured there any more. */
export function listFormerEntries(
  agents: readonly WatchedAgent[],
  known: readonly KnownPool[],
): readonly StoreEntry[] {
  return agents.flatMap(({ agent: { nodeName }, state }) => {
    if (state.kind !== 'answering') return [];
    const names = new Set(state.description.pools.map(({ name }) => name));
    return known
      .filter(
        (pool) => pool.nodeName === nodeName && pool.releasedAt === undefined && !names.has(pool.poolName),
      )
      .map(({ poolName, poolId }) => ({
        poolName,
        nodeName,
        poolId,
        state: {
          unavailable: `Pool ${poolName} (${poolId}) is not configured on node ${nodeName} any more, but its volumes may be there still. Configure it again until they are deleted; if its data is gone for good, let the registry forget it.`,
        },
      }));
  });
}

function listDescribed(agent: WatchedAgent, places: ReadonlyMap<string, KnownPool>): readonly StoreEntry[] {
  const { state } = agent;
  if (state.kind === 'unknown') return [];
  const { nodeName } = agent.agent;
  return (state.description?.pools ?? []).map((pool) => {
    const known = places.get(toKey({ poolName: pool.name, nodeName }));
    return {
      poolName: pool.name,
      nodeName,
      poolId: pool.poolId ?? (known?.releasedAt === undefined ? known?.poolId : undefined),
      state:
        state.kind === 'silent'
          ? { unavailable: state.reason }
          : toEntryState(pool, agent, known !== undefined),
    };
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

function toReason({ poolName, nodeName, poolId }: KnownPool, state: AgentState | undefined): string {
  if (state?.kind === 'silent') return state.reason;
  if (state !== undefined) return `The agent of node ${nodeName} has not been asked yet: ask again.`;
  return `Node ${nodeName}, which has pool ${poolName} (${poolId}), has no agent now: bring the node back, or let the registry forget it if its data is gone for good.`;
}

/**
 * A cloned disk: nobody can say which of the two a volume is on, so neither serves. A node that does not have the pool open counts for nothing, since it
 * may only remember what was moved away: then the registry says which place is the right one.
 */
function refuseDuplicates(entries: readonly StoreEntry[]): readonly StoreEntry[] {
  const nodes = new Map<string, Set<string>>();
  for (const { poolId, nodeName, state } of entries) {
    if (poolId !== undefined && 'store' in state)
      nodes.set(poolId, (nodes.get(poolId) ?? new Set()).add(nodeName));
  }
  return entries.map((entry) => {
    const twins = entry.poolId === undefined ? undefined : nodes.get(entry.poolId);
    if (twins === undefined || twins.size < 2 || !('store' in entry.state)) return entry;
    const unavailable = `Nodes ${[...twins].sort().join(' and ')} both have a pool with the id ${entry.poolId}, so one is a copy of the other, and neither is used. Remove the copy, or wipe it; if the disk was moved, let the registry forget the node that had it.`;
    return { ...entry, state: { unavailable } };
  });
}

function toKey({ poolName, nodeName }: { readonly poolName: string; readonly nodeName: string }): string {
  return `${nodeName}/${poolName}`;
}
