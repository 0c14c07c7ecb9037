import type { AdmitPoolRequest } from '../filestore/pool-admission.ts';
import type { StoreDirectory, StoreEntry } from '../filestore/store-directory.ts';
import { DriverError } from '../domain/errors.ts';
import { type AgentState, AgentWatch, type AgentWatchOptions } from './agent-watch.ts';
import type { AgentAddress, AgentDiscovery } from './discovery.ts';
import { listEntries, listFormerEntries } from './list-entries.ts';

/** A pool that the cluster's registry knows, wherever it is now. */
export interface KnownPool {
  readonly poolName: string;
  readonly nodeName: string;
  readonly poolId: string;
  /** Since then what it holds is given up. */
  readonly releasedAt?: Date | undefined;
}

/** What the stores of the cluster are found with. */
export interface RemoteStoresOptions extends Omit<AgentWatchOptions, 'agent' | 'onDescribed'> {
  readonly discovery: AgentDiscovery;
  /** The registry as it was read last; asked each time. */
  readonly listKnown: () => readonly KnownPool[];
  /** Told each time that an agent has said who it is. */
  readonly onDescribed?: AgentWatchOptions['onDescribed'];
}

/** One agent, for people and for readiness. */
export interface AgentReport {
  readonly agent: AgentAddress;
  readonly state: AgentState;
}

/** A pool of a node that waits for the registry's word. */
export interface AwaitingRemotePool {
  readonly nodeName: string;
  readonly poolName: string;
}

/**
 * The stores of all nodes, each behind its agent. Agents come and go with the discovery. One that is silent, or that only the registry knows,
 * makes its pools unavailable, never absent.
 */
export class RemoteStores implements StoreDirectory {
  readonly #options: RemoteStoresOptions;
  readonly #watches = new Map<string, AgentWatch>();
  readonly #closing = new Set<Promise<void>>();
  #subscription: Disposable | undefined;

  constructor(options: RemoteStoresOptions) {
    this.#options = options;
  }

  /** Begins to watch what the discovery has. */
  start(): void {
    this.#subscription ??= this.#options.discovery.onChange(() => this.#follow());
    this.#follow();
  }

  /** Resolves once each agent that is known now has been asked for the first time, whether or not it answered. */
  async whenTried(): Promise<void> {
    await Promise.all([...this.#watches.values()].map(async (watch) => await watch.whenTried()));
  }

  /** Ends all watches and connections; calls under way fail. */
  async close(): Promise<void> {
    this.#subscription?.[Symbol.dispose]();
    for (const watch of this.#watches.values()) this.#retire(watch);
    await Promise.all(this.#closing);
  }

  list(): readonly StoreEntry[] {
    return listEntries([...this.#watches.values()], this.#options.listKnown());
  }

  listFormer(): readonly StoreEntry[] {
    return listFormerEntries([...this.#watches.values()], this.#options.listKnown());
  }

  listAgents(): readonly AgentReport[] {
    return [...this.#watches.values()].map(({ agent, state }) => ({ agent, state }));
  }

  /** Pools that {@link RemoteStores.admit} can open. */
  listAwaiting(): readonly AwaitingRemotePool[] {
    return [...this.#watches.values()].flatMap(({ agent: { nodeName }, state }) => {
      if (state.kind !== 'answering') return [];
      const waiting = state.description.pools.filter((pool) => pool.state.kind === 'awaiting');
      return waiting.map(({ name }) => ({ nodeName, poolName: name }));
    });
  }

  /** Tells a node to open a pool that waits. Throws POOL_UNAVAILABLE when there is no agent of it, and what the agent throws. */
  async admit(request: AdmitPoolRequest & { readonly nodeName: string }, signal: AbortSignal): Promise<void> {
    const { nodeName, ...admission } = request;
    const watch = this.#watches.get(nodeName);
    if (watch === undefined) {
      throw new DriverError('POOL_UNAVAILABLE', `There is no agent of node ${nodeName}.`);
    }
    await watch.connection.admit(admission, signal);
    watch.askSoon();
  }

  #follow(): void {
    const wanted = new Map(this.#options.discovery.list().map((agent) => [agent.nodeName, agent]));
    for (const watch of this.#watches.values()) {
      if (wanted.get(watch.agent.nodeName)?.address !== watch.agent.address) this.#retire(watch);
    }
    for (const agent of wanted.values()) {
      if (!this.#watches.has(agent.nodeName)) this.#watches.set(agent.nodeName, this.#watch(agent));
    }
  }

  #watch(agent: AgentAddress): AgentWatch {
    const { connect, clock, logger, onDescribed = () => undefined } = this.#options;
    return new AgentWatch({ agent, connect, clock, logger, onDescribed });
  }

  #retire(watch: AgentWatch): void {
    this.#watches.delete(watch.agent.nodeName);
    const closing = watch.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
