import { Listeners } from '../base/listeners.ts';
import type { StoreDirectory } from '../filestore/store-directory.ts';
import { DriverError } from '../domain/errors.ts';
import { type AgentState, AgentWatch, type AgentWatchOptions } from './agent-watch.ts';
import type { AgentDescription } from './description.ts';
import type { AgentAddress, AgentDiscovery } from './discovery.ts';
import { type EntriesByDriver, listEntries, listFormerEntries } from './list-entries.ts';
import type { AgentAdmission } from './pool-offer.ts';

/** A pool that the cluster's registry knows, wherever it is now. */
export interface KnownPool {
  /** CSI name of the driver that it belongs to. */
  readonly driver: string;
  readonly poolName: string;
  readonly nodeName: string;
  readonly poolId: string;
  /** Since then what it holds is given up. */
  readonly releasedAt?: Date | undefined;
}

/** What the stores of the cluster are found with. */
export interface RemoteStoresOptions extends Omit<AgentWatchOptions, 'agent' | 'onChange' | 'onRevised'> {
  readonly discovery: AgentDiscovery;
  /** The registry as it was read last, of all drivers; asked each time. The same list as before means that nothing in it has changed. */
  readonly listKnown: () => readonly KnownPool[];
}

/** One agent, for people and for readiness. */
export interface WatchedAgentState {
  readonly agent: AgentAddress;
  readonly state: AgentState;
}

/** What the agents say of their pools, for whoever keeps the registry. */
export interface AgentReports {
  /** The last word of each agent that answers. */
  list(): readonly AgentDescription[];
  /** Tells when an agent begins or ends to answer, and when it says something new; figures of room do not count. */
  onChange(listener: () => void): Disposable;
  /** Tells a node to open a pool that waits. Idempotent. Throws POOL_UNAVAILABLE when it has no agent that answers, and what the agent throws. */
  admit(request: AgentAdmission & { readonly nodeName: string }, signal: AbortSignal): Promise<void>;
}

const NONE: readonly never[] = [];

/** All pools as they were listed last, and the registry's list that this was made from. */
interface Listed {
  readonly known: readonly KnownPool[];
  readonly present: EntriesByDriver;
  readonly former: EntriesByDriver;
}

/**
 * The stores of all nodes, each behind its agent, which offers the pools of all drivers. Agents come and go with the discovery. One that is silent, or that only
 * the registry knows, makes its pools unavailable, never absent.
 */
export class RemoteStores {
  readonly #options: RemoteStoresOptions;
  readonly #watches = new Map<string, AgentWatch>();
  readonly #closing = new Set<Promise<void>>();
  readonly #listeners = new Listeners();
  #subscription: Disposable | undefined;
  /** Every call asks for the list, and it seldom changes. */
  #listed: Listed | undefined;
  readonly reports: AgentReports = {
    list: () =>
      this.listAgents().flatMap(({ state }) => (state.kind === 'answering' ? [state.description] : [])),
    onChange: (listener) => this.#listeners.add(listener),
    admit: async (request, signal) => await this.#admit(request, signal),
  };

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

  /** The stores of the driver with this CSI name, on all nodes. */
  storesOf(driver: string): Required<StoreDirectory> {
    return {
      list: () => this.#list().present.get(driver) ?? NONE,
      listFormer: () => this.#list().former.get(driver) ?? NONE,
    };
  }

  listAgents(): readonly WatchedAgentState[] {
    return [...this.#watches.values()].map(({ agent, state }) => ({ agent, state }));
  }

  #list(): Listed {
    const known = this.#options.listKnown();
    if (this.#listed?.known !== known) {
      const agents = [...this.#watches.values()];
      const [present, former] = [listEntries(agents, known), listFormerEntries(agents, known)];
      this.#listed = { known, present, former };
    }
    return this.#listed;
  }

  #revise(): void {
    this.#listed = undefined;
  }

  async #admit(
    { nodeName, ...admission }: AgentAdmission & { readonly nodeName: string },
    signal: AbortSignal,
  ): Promise<void> {
    const watch = this.#watches.get(nodeName);
    if (watch === undefined) {
      throw new DriverError('POOL_UNAVAILABLE', `Node ${nodeName} has no agent now: ask again.`);
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
    const { connect, clock, logger } = this.#options;
    this.#revise();
    return new AgentWatch({
      agent,
      connect,
      clock,
      logger,
      onChange: () => this.#listeners.tell(),
      onRevised: () => this.#revise(),
    });
  }

  #retire(watch: AgentWatch): void {
    this.#watches.delete(watch.agent.nodeName);
    this.#revise();
    this.#listeners.tell();
    const closing = watch.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}
