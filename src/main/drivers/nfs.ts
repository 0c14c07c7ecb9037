import type { NfsConfig, NfsPool } from '../../backends/nfs/config.ts';
import { toNfsSource } from '../../config/nfs-source.ts';
import type { RoleIssue } from '../roles.ts';
import { defineDriver, type SectionUse } from './driver.ts';

/** NFS, for the configuration. */
export const nfsDriver = defineDriver<NfsConfig>({
  key: 'nfs',
  findSection: ({ nfs }) => nfs,
  hasAgent: true,
  listIssues,
  describePools: ({ pools }) => pools.map(describePool),
});

function listIssues({ pools }: NfsConfig, { role, nodeName }: SectionUse): readonly RoleIssue[] {
  if (role === 'controller') return [];
  if (pools.length === 0) return [{ path: ['pools'], message: 'missing; a node needs at least one pool' }];
  if (role !== 'agent' || pools.some((pool) => isServedBy(pool, nodeName))) return [];
  return [
    {
      path: ['pools'],
      message: `none of them has agent.node: ${nodeName}, so an agent has nothing to do here; the name of this machine is set by node.name`,
    },
  ];
}

/** Whether the pool's server is this machine. */
export function isServedBy(pool: NfsPool, nodeName: string): boolean {
  return pool.type === 'nfs' && pool.agent?.node === nodeName;
}

/** Whether agents of several nodes work on the pool, so that none has it for itself. */
export function isSharedPool(pool: NfsPool): boolean {
  return pool.type === 'shared' || pool.agent === undefined;
}

function describePool(pool: NfsPool): string {
  if (pool.type === 'shared') return `  pool ${pool.name}: ${pool.path}, shared by all nodes`;
  const { agent } = pool;
  const who = agent === undefined ? 'agents of the nodes work on it' : `its agent is ${agent.node}`;
  return `  pool ${pool.name}: ${toNfsSource(pool)}, ${who}`;
}
