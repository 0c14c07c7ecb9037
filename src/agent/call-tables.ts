import { quote } from '../base/quote.ts';
import { isPoolId } from '../domain/ids.ts';
import type { AgentHandlers } from '../gen/stowage/agent/v1/Agent.ts';
import type { Keys, ServiceKeys } from '../rpc/interceptors/in-flight.ts';
import type { Rule, Rules } from '../rpc/interceptors/validation.ts';
import type { MethodNames } from '../rpc/service.ts';

/** Fields that say what a call is about, for the lines that are logged on its way. */
export const AGENT_SUBJECT_FIELDS: readonly string[] = [
  'poolId',
  'poolName',
  'name',
  'volumeId',
  'snapshotId',
  'sourceVolumeId',
];

/** Verbs that change nothing. */
export const AGENT_QUIET_METHODS: ReadonlySet<string> = new Set<MethodNames<AgentHandlers>>([
  'Describe',
  'FindVolume',
  'ListVolumes',
  'FindSnapshot',
  'ListSnapshots',
  'FindByNames',
  'GetRoom',
  'GetUsage',
  'GetVolumeHealth',
  'GetHealth',
]);

const KEYS: ServiceKeys<AgentHandlers> = {
  AdmitPool: ({ driver, poolName }) => `pool ${poolName}${driver === '' ? '' : ` of driver ${driver}`}`,
  CreateVolume: ({ poolId, name }) => `the volume named ${name} in pool ${poolId}`,
  DeleteVolume: ({ volumeId }) => `volume ${volumeId}`,
  ExpandVolume: ({ volumeId }) => `volume ${volumeId}`,
  CreateSnapshot: ({ poolId, name }) => `the snapshot named ${name} in pool ${poolId}`,
  DeleteSnapshot: ({ snapshotId }) => `snapshot ${snapshotId}`,
};

/** What runs one after the other. */
export const AGENT_LOCK_KEYS: Keys = KEYS;

const isOfPool: Rule<{ readonly poolId: string }> = ({ poolId }) =>
  isPoolId(poolId) ? undefined : `${quote(poolId)} is no pool id.`;

const areOfPools: Rule<{ readonly questions: readonly { readonly poolId: string }[] }> = ({ questions }) => {
  const malformed = questions.find(({ poolId }) => !isPoolId(poolId));
  return malformed === undefined ? undefined : isOfPool(malformed);
};

const isNamed: Rule<{ readonly name: string }> = ({ name }) =>
  name === '' ? 'The request has no name.' : undefined;

const isAdmission: Rule<{
  readonly poolName: string;
  readonly clusterId: string;
  readonly knownPoolId?: string;
}> = ({ poolName, clusterId, knownPoolId }) => {
  if (poolName === '') return 'The request names no pool.';
  if (clusterId === '') return 'The request names no cluster.';
  if (knownPoolId === undefined || isPoolId(knownPoolId)) return undefined;
  return `${quote(knownPoolId)} is no pool id.`;
};

/** What a request must look like. Ids of volumes and snapshots are the store's to judge: a malformed one is unknown. */
export const AGENT_RULES: Rules = {
  AdmitPool: [isAdmission],
  CreateVolume: [isOfPool, isNamed],
  DeleteVolume: [isOfPool],
  FindVolume: [isOfPool],
  ListVolumes: [isOfPool],
  ExpandVolume: [isOfPool],
  CreateSnapshot: [isOfPool, isNamed],
  DeleteSnapshot: [isOfPool],
  FindSnapshot: [isOfPool],
  ListSnapshots: [isOfPool],
  FindByNames: [areOfPools],
  GetRoom: [isOfPool],
  GetUsage: [isOfPool],
  GetVolumeHealth: [isOfPool],
  GetHealth: [isOfPool],
} satisfies Partial<Record<MethodNames<AgentHandlers>, readonly Rule<never>[]>>;
