import type { Clock } from '../base/clock.ts';
import { startDeadline } from '../base/deadline.ts';
import { DriverError } from '../domain/errors.ts';
import type { FileStore } from '../filestore/file-store.ts';
import type { Logger } from '../observability/logger.ts';
import type { AgentConnection } from './connection.ts';
import type { AgentDescription, DescribedPool } from './description.ts';
import type { AgentAddress } from './discovery.ts';
import { createRoomCache, type RoomCache } from './room-cache.ts';

/** How often an agent is asked who it is while all is well. */
const POLL_MS = 5_000;
/** And while one of its pools is just being opened. */
const OPENING_POLL_MS = 500;
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5_000;
/** Bound on one question, whatever the connection does. */
const ANSWER_MS = 2_500;

/** What an agent is watched with. */
export interface AgentWatchOptions {
  readonly agent: AgentAddress;
  /** Makes the connection; `onTrouble` is for calls that found the agent silent or changed. */
  readonly connect: (agent: AgentAddress, onTrouble: () => void) => AgentConnection;
  /** Told when the agent begins or ends to answer, and when it says something new; figures of room do not count. */
  readonly onChange: () => void;
  /** Told, before that, when anything is different that shows in the list of pools, also the sentence that says why an agent is silent. */
  readonly onRevised: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How an agent is now. */
export type AgentState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'answering'; readonly description: AgentDescription }
  /** What it said last, if it ever did, and a sentence. */
  | { readonly kind: 'silent'; readonly description: AgentDescription | undefined; readonly reason: string };

interface OpenedStore {
  readonly store: FileStore;
  readonly room: RoomCache;
  readonly abilities: string;
}

/** One agent: asked who it is at once, every 5 s, and soon after a call that went wrong; while it is silent, at intervals from 100 ms to 5 s. */
export class AgentWatch {
  readonly agent: AgentAddress;
  readonly #options: AgentWatchOptions;
  readonly #connection: AgentConnection;
  readonly #stop = new AbortController();
  readonly #tried = Promise.withResolvers<void>();
  readonly #stores = new Map<string, OpenedStore>();
  readonly #running: Promise<void>;
  #state: AgentState = { kind: 'unknown' };
  #pause = new AbortController();
  #inTrouble = false;

  constructor(options: AgentWatchOptions) {
    this.#options = options;
    this.agent = options.agent;
    this.#connection = options.connect(options.agent, () => this.askSoon());
    this.#running = this.#watch();
  }

  get state(): AgentState {
    return this.#state;
  }

  get connection(): AgentConnection {
    return this.#connection;
  }

  /** Resolves once the agent has answered, or has not, for the first time. */
  async whenTried(): Promise<void> {
    await this.#tried.promise;
  }

  /** The store of a pool that the agent has described as open. */
  findStore(poolId: string): FileStore | undefined {
    return this.#stores.get(poolId)?.store;
  }

  /** Ends the watch and the connection; calls under way fail. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('The agent is not watched any more.'));
    await this.#running;
    this.#connection[Symbol.dispose]();
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stop;
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      this.#inTrouble = false;
      const isAnswering = await this.#ask(signal);
      this.#tried.resolve();
      if (isAnswering) {
        retryMs = FIRST_RETRY_MS;
        if (!this.#inTrouble)
          await this.#wait(this.#isOpening() ? OPENING_POLL_MS : POLL_MS, { canBeCutShort: true });
        // Calls that always fail must not make it be asked without a break.
        if (this.#inTrouble) await this.#wait(FIRST_RETRY_MS, { canBeCutShort: false });
      } else {
        await this.#wait(retryMs, { canBeCutShort: false });
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
      }
    }
    this.#tried.resolve();
  }

  /** Whether the agent answered. */
  async #ask(signal: AbortSignal): Promise<boolean> {
    using deadline = startDeadline(signal, ANSWER_MS);
    let description: AgentDescription;
    try {
      description = await this.#connection.describe(deadline.signal);
    } catch (error) {
      if (!signal.aborted) this.#missAnswer(error);
      return false;
    }
    this.#hear(description);
    return true;
  }

  #isOpening(): boolean {
    const state = this.#state;
    return (
      state.kind === 'answering' && state.description.pools.some((pool) => pool.state.kind === 'awaiting')
    );
  }

  #hear(description: AgentDescription): void {
    const { agent, logger, onChange, onRevised } = this.#options;
    const before = this.#state;
    for (const pool of description.pools) this.#takeUp(pool);
    this.#state = { kind: 'answering', description };
    if (before.kind !== 'answering') {
      logger.info('An agent answers', { node: agent.nodeName, address: agent.address });
    } else if (isSame(before.description, description)) return;
    onRevised();
    onChange();
  }

  #missAnswer(error: unknown): void {
    const { agent, logger, onChange, onRevised } = this.#options;
    const before = this.#state;
    const description = before.kind === 'unknown' ? undefined : before.description;
    this.#state = { kind: 'silent', description, reason: toSentence(agent, error) };
    onRevised();
    if (before.kind === 'silent') return;
    logger.warn('An agent is silent', { node: agent.nodeName, address: agent.address, err: error });
    onChange();
  }

  #takeUp({ poolId, state }: DescribedPool): void {
    if (poolId === undefined) return;
    if (state.kind !== 'open') return void this.#stores.delete(poolId);
    const abilities = JSON.stringify(state.abilities);
    let opened = this.#stores.get(poolId);
    if (opened?.abilities !== abilities) {
      const room = createRoomCache(this.#options.clock);
      const remote = this.#connection.createStore({ poolId, abilities: state.abilities });
      opened = { store: room.wrap(remote), room, abilities };
      this.#stores.set(poolId, opened);
    }
    if (state.room !== undefined) opened.room.put(state.room);
  }

  /** Asks the agent who it is soon rather than at the next interval, unless it is silent. */
  askSoon(): void {
    this.#inTrouble = true;
    this.#pause.abort(new Error('It is asked now.'));
  }

  async #wait(ms: number, { canBeCutShort }: { readonly canBeCutShort: boolean }): Promise<void> {
    this.#pause = new AbortController();
    const signal = canBeCutShort
      ? AbortSignal.any([this.#stop.signal, this.#pause.signal])
      : this.#stop.signal;
    await this.#options.clock.sleep(ms, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}

/** Apart from room, which is another one all the time. */
function isSame(before: AgentDescription, after: AgentDescription): boolean {
  const text = (description: AgentDescription): string =>
    JSON.stringify(description, (key: string, value: unknown) => (key === 'room' ? undefined : value));
  return text(before) === text(after);
}

function toSentence({ nodeName, address }: AgentAddress, error: unknown): string {
  if (error instanceof DriverError) return error.message;
  const reason = error instanceof Error ? error.message : String(error);
  return `The agent of node ${nodeName} (${address}) does not answer: ${reason}`;
}
