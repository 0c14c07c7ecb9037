import { toOneLine } from '../base/one-line.ts';
import { quote } from '../base/quote.ts';
import { DriverError } from '../domain/errors.ts';
import type { FileStore, StoreAbilities } from '../filestore/file-store.ts';
import type { Answer, ClientOptions } from '../rpc/client.ts';
import { createClient } from '../rpc/client.ts';
import type { AgentServiceType } from '../rpc/proto.ts';
import { withoutUndefined } from '../base/defined.ts';
import { createRemoteStore } from './client.ts';
import type { AgentDescription } from './description.ts';
import type { AgentAddress } from './discovery.ts';
import { readIdentity, toIdentityMetadata } from './identity.ts';
import { createNameQuestions } from './name-questions.ts';
import type { AgentAdmission } from './pool-offer.ts';
import { fromDescribeResponse } from './translate/description.ts';

/** Bound on asking an agent who it is: it answers within a second, or it is silent. */
const DESCRIBE_DEADLINE_MS = 2_000;

/** Of what gRPC says of a connection. */
const MAX_REASON_LENGTH = 300;

/** A connection to one agent, kept. */
export interface AgentConnection extends Disposable {
  /** Asks the agent who it is; from then on its calls are meant for the boot that it names. Throws POOL_UNAVAILABLE for another node, and when it does not answer in two seconds. */
  describe(signal: AbortSignal): Promise<AgentDescription>;
  /** Lets it open a pool that waits. */
  admit(request: AgentAdmission, signal: AbortSignal): Promise<void>;
  /** A store of it. Its calls throw as those of a local one, and POOL_UNAVAILABLE when the agent does not answer, or another one does. */
  createStore(pool: { readonly poolId: string; readonly abilities: StoreAbilities }): FileStore;
}

/** What a connection is made with. */
export interface AgentConnectionOptions extends Pick<ClientOptions, 'tls' | 'keepalive' | 'deadlineMs'> {
  readonly type: AgentServiceType;
  readonly agent: AgentAddress;
  /** Told when a call found that the agent is silent, or is not the one that it was: it is time to ask it who it is. */
  readonly onTrouble: () => void;
}

/** Connects with the first call. */
export function createAgentConnection(options: AgentConnectionOptions): AgentConnection {
  const { type, agent, onTrouble } = options;
  const { nodeName, address } = agent;
  let bootId = '';
  const client = createClient(type, address, {
    ...withoutUndefined({ tls: options.tls, keepalive: options.keepalive, deadlineMs: options.deadlineMs }),
    metadata: () => toIdentityMetadata({ nodeName, bootId }),
    judge(answer) {
      const objection = findObjection({ agent, bootId }, answer);
      if (objection === undefined) return;
      const isSilent = objection.code === 'POOL_UNAVAILABLE' || objection.code === 'DEADLINE_EXCEEDED';
      if (isSilent && answer.method !== 'Describe') onTrouble();
      throw objection;
    },
  });
  const names = createNameQuestions(client);
  return {
    async describe(signal) {
      const response = await client.Describe({}, { signal, deadlineMs: DESCRIBE_DEADLINE_MS });
      const description = fromDescribeResponse(response);
      ({ bootId } = description);
      return description;
    },
    async admit({ driver, poolName, knownPoolId, clusterId }, signal) {
      await client.AdmitPool(
        { driver, poolName, clusterId, ...withoutUndefined({ knownPoolId }) },
        { signal },
      );
    },
    createStore: (pool) => createRemoteStore({ ...pool, agent: client, names }),
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

interface Expected {
  readonly agent: AgentAddress;
  readonly bootId: string;
}

/** Why an answer is not to be believed, or why there is none. */
function findObjection({ agent, bootId }: Expected, answer: Answer): DriverError | undefined {
  const { nodeName, address } = agent;
  const answering = readIdentity(answer.metadata);
  if (answering.nodeName === undefined && answer.failure !== undefined) {
    return toSilence(agent, answer.method, answer.failure);
  }
  if (answering.nodeName !== nodeName) {
    const who =
      answering.nodeName === undefined
        ? 'nobody who says who it is'
        : `the agent of node ${quote(answering.nodeName)}`;
    return new DriverError(
      'POOL_UNAVAILABLE',
      `At ${address}, where the agent of node ${nodeName} should be, answers ${who}: its answer was not used. Check the addresses of the agents.`,
    );
  }
  if (answer.method === 'Describe' || answering.bootId === bootId) return undefined;
  return new DriverError(
    'POOL_UNAVAILABLE',
    `Node ${nodeName} was started anew in the meantime: call again.`,
  );
}

/** The failure of a call that no agent answered, in words. */
function toSilence(agent: AgentAddress, method: string, failure: DriverError): DriverError {
  const isLate = failure.code === 'DEADLINE_EXCEEDED';
  if (failure.code === 'UNSUPPORTED') {
    return new DriverError(
      'UNSUPPORTED',
      `The agent of node ${agent.nodeName} (${agent.address}) does not know ${method}: bring it to the release of the controller.`,
      { cause: failure },
    );
  }
  // gRPC's word for a message that is too large; to callers it would mean that the pool is full.
  if (failure.code === 'NO_ROOM') {
    return new DriverError(
      'INTERNAL',
      `${method} of node ${agent.nodeName} failed on its way: ${toOneLine(failure.message, MAX_REASON_LENGTH)}`,
      { cause: failure },
    );
  }
  const code = isLate && method !== 'Describe' ? 'DEADLINE_EXCEEDED' : 'POOL_UNAVAILABLE';
  const why = isLate ? 'it said nothing in time' : toOneLine(failure.message, MAX_REASON_LENGTH);
  return new DriverError(
    code,
    `The agent of node ${agent.nodeName} (${agent.address}) does not answer: ${why}. What its pools hold is out of reach until it does.`,
    { cause: failure },
  );
}
