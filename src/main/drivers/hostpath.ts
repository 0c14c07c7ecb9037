import type { HostpathConfig, HostpathPool } from '../../backends/hostpath/config.ts';
import { findPoolConflicts } from '../../backends/hostpath/pool-conflicts.ts';
import { isPoolOf, listPoolsOf } from '../../backends/hostpath/pool-nodes.ts';
import type { RoleIssue } from '../roles.ts';
import { defineDriver, type SectionUse } from './driver.ts';

/** Host-path, for the configuration. */
export const hostpathDriver = defineDriver<HostpathConfig>({
  key: 'hostpath',
  findSection: ({ hostpath }) => hostpath,
  hasAgent: false,
  listIssues,
  describePools: ({ pools }, nodeName) => pools.map((pool) => describePool(pool, nodeName)),
});

function listIssues({ pools }: HostpathConfig, { role, nodeName }: SectionUse): readonly RoleIssue[] {
  if (role === 'controller') return [];
  if (pools.length === 0) return [{ path: ['pools'], message: 'missing; a node needs at least one pool' }];
  // Two patterns that each leave it open whether they name the same node do name this one.
  const own = listPoolsOf(pools, nodeName);
  return findPoolConflicts(own.map((pool) => ({ ...pool, nodes: undefined }))).map(({ path, message }) => {
    const [index = 0, ...rest] = path;
    const pool = own[Number(index)];
    return {
      path: ['pools', pool === undefined ? index : pools.indexOf(pool), ...rest],
      message: `${message} on node ${nodeName}`,
    };
  });
}

function describePool(pool: HostpathPool, nodeName: string): string {
  const nodes = pool.nodes === undefined ? '' : `, on ${pool.nodes.join(', ')}`;
  const mark = isPoolOf(pool, nodeName) ? '' : ' (not on this node)';
  return `  pool ${pool.name}: ${pool.path}, ${describeBacking(pool)}${nodes}${mark}`;
}

function describeBacking({ backing }: HostpathPool): string {
  if (backing.type === 'none') {
    return `the directory as it is${backing.mountPoint === undefined ? '' : `, once ${backing.mountPoint} is mounted`}`;
  }
  if (backing.type === 'device') return `an xfs on ${backing.device}`;
  return `an xfs of ${backing.size} bytes in ${backing.path}${backing.sparse ? ' (sparse)' : ''}`;
}
