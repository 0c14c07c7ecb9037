import { DriverError } from '../domain/errors.ts';
import { quote } from '../base/quote.ts';
import type { FileStore } from '../filestore/file-store.ts';
import { joinStores } from '../filestore/join-stores.ts';
import type { StoreDirectory } from '../filestore/store-directory.ts';
import type { AgentHandlers } from '../gen/stowage/agent/v1/Agent.ts';
import type { AgentServiceType } from '../rpc/proto.ts';
import type { Service, ServiceMethods } from '../rpc/service.ts';
import { createService } from '../rpc/service.ts';
import { describeAgent, type DescribeDeps } from './describe.ts';
import { toIdentityMetadata } from './identity.ts';
import { createNameVerbs } from './name-verbs.ts';
import { admitOffered } from './pool-offer.ts';
import { createSnapshotVerbs } from './snapshot-verbs.ts';
import { toDescribeResponse } from './translate/description.ts';
import { createVolumeVerbs } from './volume-verbs.ts';

/** What the service is made of. */
export interface AgentServiceOptions extends DescribeDeps {
  readonly type: AgentServiceType;
}

/** Finds the store that a request is about. */
export type GetStore = (request: { readonly poolId: string }) => FileStore;

/** The agent's half of the protocol: each verb is one call of a local store, but for names, which come in numbers. Who may call what is the interceptors' part. */
export function createAgentService(options: AgentServiceOptions): Service {
  const { type, offers, identity } = options;
  const { nodeName } = identity;
  const stores = joinStores(() => offers.map((offer) => offer.stores));
  const getStore: GetStore = ({ poolId }) => getOpenStore(stores, poolId, nodeName);
  const methods: ServiceMethods<AgentHandlers> = {
    Describe: async (_request, { signal }) => toDescribeResponse(await describeAgent(options, signal)),
    AdmitPool: async ({ driver, poolName, knownPoolId, clusterId }, { signal }) => {
      await admitOffered({ offers, nodeName }, { driver, poolName, knownPoolId, clusterId }, signal);
      return {};
    },
    ...createVolumeVerbs(getStore),
    ...createSnapshotVerbs(getStore),
    ...createNameVerbs(getStore),
    GetRoom: async (request, { signal }) => ({ room: await getStore(request).getRoom(signal) }),
    GetHealth: async (request, { signal }) => ({
      statuses: [...(await getStore(request).getHealth(signal))],
    }),
  };
  return createService(type, methods, { answerMetadata: toIdentityMetadata(identity) });
}

function getOpenStore(stores: StoreDirectory, poolId: string, nodeName: string): FileStore {
  const entry = stores.list().find((candidate) => candidate.poolId === poolId);
  if (entry === undefined) {
    throw new DriverError(
      'POOL_UNAVAILABLE',
      `Node ${nodeName} has no pool with the id ${quote(poolId)}: its disk is not mounted, or the pool is not configured there any more.`,
    );
  }
  if ('store' in entry.state) return entry.state.store;
  throw new DriverError('POOL_UNAVAILABLE', entry.state.unavailable);
}
