import { Operations } from '../../src/base/operations.ts';
import {
  type AgentConnection,
  type AgentConnectionOptions,
  createAgentConnection,
} from '../../src/agent/connection.ts';
import { createAccessInterceptor } from '../../src/agent/access.ts';
import type { AgentDescription } from '../../src/agent/description.ts';
import type { AgentIdentity } from '../../src/agent/identity.ts';
import { createAgentInterceptors } from '../../src/agent/interceptors.ts';
import type { PoolOffer } from '../../src/agent/pool-offer.ts';
import { createAgentService } from '../../src/agent/server.ts';
import type { FileStore } from '../../src/filestore/file-store.ts';
import type { PoolAdmission } from '../../src/filestore/pool-admission.ts';
import type { StoreDirectory } from '../../src/filestore/store-directory.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createRequestContext } from '../../src/observability/request-context.ts';
import { loadAgentServiceType } from '../../src/rpc/proto.ts';
import { startTcpServer, type TcpPlan } from '../../src/rpc/tcp-server.ts';

export const agentType = loadAgentServiceType();

/** A real agent on a loopback port. */
export interface TestAgent extends AsyncDisposable {
  /** `127.0.0.1:43210` */
  readonly address: string;
  readonly identity: AgentIdentity;
  /** As {@link AsyncDisposable}, but lets calls end for so long. */
  stop(deadlineMs: number): Promise<void>;
}

export interface TestAgentOptions {
  readonly stores: StoreDirectory;
  readonly identity?: AgentIdentity;
  readonly admission?: PoolAdmission;
  /** Instead of these: the pools of several drivers. */
  readonly offers?: readonly PoolOffer[];
  /** Default: a free port of 127.0.0.1. */
  readonly address?: string;
  /** Default: insecure. */
  readonly security?: TcpPlan['security'];
  readonly onCallRefused?: (peer: string, method: string) => void;
}

/** Serves stores as an agent does, with the interceptors of a real one. */
export async function startTestAgent(options: TestAgentOptions): Promise<TestAgent> {
  const { identity = { nodeName: 'node-1', bootId: 'boot-1' }, security = 'insecure' } = options;
  const operations = new Operations();
  const service = createAgentService({
    type: agentType,
    identity,
    release: 'test',
    offers: options.offers ?? [
      {
        driver: 'hostpath.stowage.dev',
        stores: options.stores,
        ...(options.admission === undefined ? {} : { admission: options.admission }),
        settingsOf: () => ({ releaseAfterSeconds: undefined }),
      },
    ],
  });
  const server = await startTcpServer({
    address: options.address ?? '127.0.0.1:0',
    driver: 'agent',
    services: [service],
    interceptors: createAgentInterceptors({
      identity,
      access:
        security === 'insecure'
          ? 'everybody'
          : createAccessInterceptor(options.onCallRefused ?? (() => undefined)),
      context: createRequestContext(),
      metrics: { started() {}, handled() {} },
      logger: silentLogger,
      operations,
      operationSeconds: 60,
    }),
    security,
    logger: silentLogger,
  });
  const stop = async (deadlineMs: number): Promise<void> => {
    await server.stop(deadlineMs);
    await operations.stop(new Error('The test is over.'));
  };
  return { address: server.address, identity, stop, [Symbol.asyncDispose]: async () => await stop(0) };
}

/** One open store under a name. */
export function toDirectory(getStore: () => FileStore, nodeName = 'node-1'): StoreDirectory {
  return {
    list: () => {
      const store = getStore();
      return [{ poolName: 'fast', nodeName, poolId: store.poolId, state: { store } }];
    },
  };
}

/** A connection to it, not introduced yet. */
export function connectTo(
  agent: Pick<TestAgent, 'address' | 'identity'>,
  options: Partial<AgentConnectionOptions> = {},
): AgentConnection {
  const { nodeName } = agent.identity;
  return createAgentConnection({
    type: agentType,
    agent: { nodeName, address: agent.address },
    onTrouble: () => undefined,
    ...options,
  });
}

/** A connection that was introduced, and the first open store behind it. */
export async function connectToFirstStore(
  agent: TestAgent,
  options: Partial<AgentConnectionOptions> = {},
): Promise<{
  readonly connection: AgentConnection;
  readonly description: AgentDescription;
  readonly store: FileStore;
}> {
  const connection = connectTo(agent, options);
  const description = await connection.describe(AbortSignal.timeout(10_000));
  const [pool] = description.pools;
  if (pool?.poolId === undefined || pool.state.kind !== 'open') throw new Error('the agent has no open pool');
  const store = connection.createStore({ poolId: pool.poolId, abilities: pool.state.abilities });
  return { connection, description, store };
}
