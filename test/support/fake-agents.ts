import type { AgentConnection } from '../../src/agent/connection.ts';
import type { AgentDescription, DescribedPool, DescribedState } from '../../src/agent/description.ts';
import type { AgentAddress, AgentDiscovery } from '../../src/agent/discovery.ts';
import { Listeners } from '../../src/base/listeners.ts';
import { DriverError } from '../../src/domain/errors.ts';
import type { StoreRoom } from '../../src/filestore/file-store.ts';
import { createFakeFileStore, type FakeFileStore } from './fake-file-store.ts';

export const ROOM: StoreRoom = { totalBytes: 100, freeBytes: 60, promisedBytes: 30, availableBytes: 50 };

/** An agent in memory, as its connection shows it. */
export interface FakeAgent {
  readonly address: AgentAddress;
  /** What it says of itself; a test changes it. */
  pools: readonly DescribedPool[];
  /** `answers`, `refuses` at once, or says nothing until its caller gives up. */
  mood: 'answers' | 'refuses' | 'hangs';
  /** How often it was asked who it is. */
  asked: number;
  /** Connections that are open. */
  connections: number;
  readonly admitted: unknown[];
  /** Why it does not take a word of a controller; undefined when it does. */
  refusal: string | undefined;
  readonly store: FakeFileStore;
  /** As a call does that finds the agent silent or changed. */
  reportTrouble(): void;
  connect(onTrouble: () => void): AgentConnection;
}

/** A pool named `fast` that is open with this id, unless a test says otherwise. */
export function toPool(poolId: string | undefined, changes: Partial<DescribedPool> = {}): DescribedPool {
  const { abilities } = createFakeFileStore({ poolId: 'aaaaaaaa' });
  return {
    name: 'fast',
    poolId,
    driver: 'hostpath.stowage.dev',
    state: { kind: 'open', abilities, room: ROOM } satisfies DescribedState,
    settings: { releaseAfterSeconds: undefined },
    ...changes,
  };
}

export function createFakeAgent(
  nodeName: string,
  pools: readonly DescribedPool[],
  address = `${nodeName}:9810`,
): FakeAgent {
  const trouble = new Listeners();
  const agent: FakeAgent = {
    address: { nodeName, address },
    pools,
    mood: 'answers',
    asked: 0,
    connections: 0,
    admitted: [],
    refusal: undefined,
    store: createFakeFileStore({ poolId: pools[0]?.poolId ?? 'aaaaaaaa' }),
    reportTrouble: () => trouble.tell(),
    connect(onTrouble) {
      agent.connections += 1;
      const subscription = trouble.add(onTrouble);
      return {
        async describe(signal): Promise<AgentDescription> {
          agent.asked += 1;
          await Promise.resolve();
          if (agent.mood === 'refuses') throw new DriverError('POOL_UNAVAILABLE', `${nodeName} refuses.`);
          if (agent.mood === 'hangs') {
            await new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason), { once: true });
            });
          }
          return { nodeName, bootId: 'boot-1', release: 'test', pools: agent.pools };
        },
        async admit(request) {
          await Promise.resolve();
          agent.admitted.push(request);
          if (agent.refusal !== undefined) throw new DriverError('PRECONDITION_FAILED', agent.refusal);
        },
        createStore: ({ poolId, abilities }) => ({ ...agent.store, poolId, abilities }),
        [Symbol.dispose]: () => {
          subscription[Symbol.dispose]();
          agent.connections -= 1;
        },
      };
    },
  };
  return agent;
}

/** Agents that come and go as a test wants. */
export interface FakeDiscovery extends AgentDiscovery {
  set(agents: readonly AgentAddress[]): void;
}

export function createFakeDiscovery(first: readonly AgentAddress[]): FakeDiscovery {
  let agents = first;
  const listeners = new Listeners();
  return {
    list: () => agents,
    onChange: (listener) => listeners.add(listener),
    set(next) {
      agents = next;
      listeners.tell();
    },
  };
}
