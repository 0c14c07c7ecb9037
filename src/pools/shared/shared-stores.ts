import { hashName } from '../../base/ids.ts';
import type { FileStore } from '../../filestore/file-store.ts';
import type { StoreDirectory, StoreEntry, Unavailable } from '../../filestore/store-directory.ts';
import { isSharedPlace, toSharedPlace } from './shared-place.ts';

/** The stores of pools that many agents reach. */
export interface SharedStores<S extends FileStore> {
  /** One entry for each pool, at its own place: for the registry's word. */
  readonly places: StoreDirectory<S>;
  /** The same entries, or what the registry leaves of them, with the node of the agent that works on each pool: for calls, and for whoever has to reach that agent. */
  readonly withAgents: (stores: StoreDirectory<S>) => StoreDirectory<S>;
}

interface Listed<S extends FileStore> {
  readonly from: readonly StoreEntry<S>[];
  readonly entries: readonly StoreEntry<S>[];
}

interface Shared<S extends FileStore> extends Listed<S> {
  /** What only the registry knows, of pools that are not configured. */
  readonly former: readonly StoreEntry<S>[];
}

/**
 * Of all agents that have a pool open one is chosen for it, the same by every controller that sees the same agents (rendezvous hashing): what it does in memory
 * is then done once. When it does not answer another one is chosen, and may work on the pool while the first one still does. That no agent speaks of a pool
 * says nothing of it, since its only one may be away: `isConfigured` says whether it is still wanted. Default: all are.
 */
export function shareStores<S extends FileStore>(
  stores: StoreDirectory<S>,
  isConfigured: (poolName: string) => boolean = () => true,
): SharedStores<S> {
  const agents = new WeakMap<FileStore, string>();
  const share = createSharing<S>(agents, isConfigured);
  const shareFormer = createSharing<S>(agents, () => true);
  const join = createJoining<S>();
  const naming = createNaming<S>(agents);
  return {
    places: {
      list: () => share(stores.list()).entries,
      listFormer: () => join(share(stores.list()), shareFormer(stores.listFormer?.() ?? NONE)),
    },
    withAgents: (supervised) => ({
      list: () => naming(supervised.list()),
      listFormer: () => supervised.listFormer?.() ?? NONE,
    }),
  };
}

const NONE: readonly never[] = [];

/** The same list for the same list: whoever compares lists sees that nothing has changed. */
function createSharing<S extends FileStore>(
  agents: WeakMap<FileStore, string>,
  isConfigured: (poolName: string) => boolean,
): (from: readonly StoreEntry<S>[]) => Shared<S> {
  let last: Shared<S> | undefined;
  return (from) => {
    if (last?.from !== from) {
      const pools = [...Map.groupBy(from, ({ poolName }) => poolName)];
      const isFormer = (poolName: string, all: readonly StoreEntry<S>[]): boolean =>
        all.every(({ nodeName }) => isSharedPlace(nodeName)) && !isConfigured(poolName);
      last = {
        from,
        entries: pools.flatMap(([poolName, all]) =>
          isFormer(poolName, all) ? [] : [toPlace(poolName, all, agents)],
        ),
        former: pools.flatMap(([poolName, all]) => (isFormer(poolName, all) ? all.map(toFormer) : [])),
      };
    }
    return last;
  };
}

/** All that is former, and is not present under the same name; the same list for the same two. */
function createJoining<S extends FileStore>(): (
  present: Shared<S>,
  told: Shared<S>,
) => readonly StoreEntry<S>[] {
  let last:
    | { readonly present: Shared<S>; readonly told: Shared<S>; readonly entries: readonly StoreEntry<S>[] }
    | undefined;
  return (present, told) => {
    if (last?.present !== present || last.told !== told) {
      const names = new Set([...present.entries, ...present.former].map(({ poolName }) => poolName));
      const others = told.entries.filter(({ poolName }) => !names.has(poolName));
      last = { present, told, entries: [...present.former, ...others] };
    }
    return last.entries;
  };
}

function toFormer<S extends FileStore>({ poolName, nodeName, poolId }: StoreEntry<S>): StoreEntry<S> {
  const unavailable = `Pool ${poolName} (${poolId ?? ''}) is not configured any more, but its volumes may be there still. Configure it again, on its agents and on controllers, until they are deleted; if its data is gone for good, run "stowage pools forget ${poolId ?? ''}".`;
  return { poolName, nodeName, poolId, state: { unavailable } };
}

function createNaming<S extends FileStore>(
  agents: WeakMap<FileStore, string>,
): (from: readonly StoreEntry<S>[]) => readonly StoreEntry<S>[] {
  let last: Listed<S> | undefined;
  return (from) => {
    if (last?.from !== from) {
      const entries = from.map((entry) => {
        const nodeName = 'store' in entry.state ? agents.get(entry.state.store) : undefined;
        return nodeName === undefined ? entry : { ...entry, nodeName };
      });
      last = { from, entries };
    }
    return last.entries;
  };
}

function toPlace<S extends FileStore>(
  poolName: string,
  all: readonly StoreEntry<S>[],
  agents: WeakMap<FileStore, string>,
): StoreEntry<S> {
  const nodeName = toSharedPlace(poolName);
  const open = all.flatMap((entry) =>
    'store' in entry.state ? [{ ...entry, store: entry.state.store }] : [],
  );
  const ids = new Set(open.map(({ store }) => store.poolId));
  if (ids.size > 1)
    return { poolName, nodeName, poolId: undefined, state: { unavailable: describeTwins(open) } };
  const [chosen] = open.toSorted((a, b) =>
    hashName(poolName, a.nodeName) < hashName(poolName, b.nodeName) ? -1 : 1,
  );
  if (chosen !== undefined) {
    agents.set(chosen.store, chosen.nodeName);
    return { poolName, nodeName, poolId: chosen.store.poolId, state: { store: chosen.store } };
  }
  return {
    poolName,
    nodeName,
    poolId: all.find(({ poolId }) => poolId !== undefined)?.poolId,
    state: toReason(all),
  };
}

/** Why no agent has the pool open. What one of them does not know another may. */
function toReason<S extends FileStore>(all: readonly StoreEntry<S>[]): Unavailable {
  // What only the registry knows says that its place does not answer, which no agent is at.
  const told = all.filter(({ nodeName }) => !isSharedPlace(nodeName));
  const reasons = told.flatMap(({ state, nodeName }) =>
    'unavailable' in state ? [{ ...state, nodeName }] : [],
  );
  const isNew = told.length === all.length && reasons.every((each) => each.isNew === true);
  const isOpening = reasons.some((each) => each.isOpening === true);
  return {
    unavailable: toSentence(reasons, all),
    ...(isNew ? { isNew } : {}),
    ...(isOpening ? { isOpening } : {}),
  };
}

function toSentence(
  reasons: readonly (Unavailable & { readonly nodeName: string })[],
  all: readonly StoreEntry[],
): string {
  const [first] = reasons;
  if (first === undefined) {
    const poolId = all.find((entry) => entry.poolId !== undefined)?.poolId ?? '';
    return `None of the agents that reach it answers. See whether the program runs on its server, or on the nodes; if its data is gone for good, run "stowage pools forget ${poolId}".`;
  }
  if (reasons.length === 1) return first.unavailable;
  return `None of its ${reasons.length} agents can use it. Node ${first.nodeName} says: ${first.unavailable}`;
}

function describeTwins(open: readonly { readonly nodeName: string; readonly store: FileStore }[]): string {
  const places = open.map(({ nodeName, store }) => `${store.poolId} on node ${nodeName}`).join(', ');
  return `Its agents see different pools under its name (${places}), so none of them is used. Give all nodes the same server and export in their configuration.`;
}
