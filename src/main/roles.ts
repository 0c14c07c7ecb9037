import type { HostpathConfig } from '../backends/hostpath/config.ts';
import { findPoolConflicts } from '../backends/hostpath/pool-conflicts.ts';
import { listPoolsOf } from '../backends/hostpath/pool-nodes.ts';
import { DriverError } from '../domain/errors.ts';
import type { Config } from './config.ts';

/** What one process of this program can be. */
export const ROLES = ['controller', 'node', 'all-in-one'] as const;
export type Role = (typeof ROLES)[number];

/** What keeps a configuration that is valid in itself from being used by a role. */
export interface RoleIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Everything that the role lacks, in the order of the file. */
export function listRoleIssues(config: Config, role: Role): readonly RoleIssue[] {
  const { hostpath } = config.drivers;
  return [
    ...listClusterIssues(config, role),
    ...(hostpath === undefined ? [] : listHostpathIssues(hostpath, role, config.node.name)),
  ];
}

/** A section that {@link listRoleIssues} has found to be there. Throws INVALID_ARGUMENT when nobody has asked it before. */
export function getSection<T>(section: T | undefined, key: string): T {
  if (section !== undefined) return section;
  throw new DriverError('INVALID_ARGUMENT', `The configuration has no ${key}, which this role needs.`);
}

function listClusterIssues({ tls, controller }: Config, role: Role): readonly RoleIssue[] {
  if (role === 'all-in-one') return [];
  if (role === 'node') {
    if (tls?.directory !== undefined) return [];
    return [
      {
        path: ['tls'],
        message:
          'a node needs tls.directory, with the ca.crt, tls.crt and tls.key that it shows to controllers',
      },
    ];
  }
  const issues: RoleIssue[] = [];
  if (tls === undefined) {
    issues.push({
      path: ['tls'],
      message: 'a controller needs certificates for its nodes: set tls.kubernetes or tls.directory',
    });
  }
  if (controller === undefined) {
    issues.push({
      path: ['controller'],
      message: 'a controller has to know where its agents are: set controller.agents',
    });
  }
  return issues;
}

function listHostpathIssues(driver: HostpathConfig, role: Role, nodeName: string): readonly RoleIssue[] {
  const path = ['drivers', 'hostpath'];
  const issues: RoleIssue[] = [];
  const socket = findMissingSocket(driver, role);
  if (socket !== undefined) issues.push({ path, message: socket });
  if (role === 'controller') return issues;
  if (driver.pools.length === 0) {
    issues.push({ path: [...path, 'pools'], message: 'missing; a node needs at least one pool' });
  }
  // Two patterns that each leave it open whether they name the same node do name this one.
  const own = listPoolsOf(driver.pools, nodeName);
  for (const conflict of findPoolConflicts(own.map((pool) => ({ ...pool, nodes: undefined })))) {
    const [index = 0, ...rest] = conflict.path;
    const pool = own[Number(index)];
    issues.push({
      path: [...path, 'pools', pool === undefined ? index : driver.pools.indexOf(pool), ...rest],
      message: `${conflict.message} on node ${nodeName}`,
    });
  }
  return issues;
}

function findMissingSocket(driver: HostpathConfig, role: Role): string | undefined {
  const { endpoint, controllerEndpoint, nodeEndpoint } = driver;
  if (endpoint !== undefined) return undefined;
  if (role === 'all-in-one') {
    const isWhole = controllerEndpoint !== undefined && nodeEndpoint !== undefined;
    return isWhole ? undefined : 'set either endpoint, or both controllerEndpoint and nodeEndpoint';
  }
  const own = role === 'controller' ? controllerEndpoint : nodeEndpoint;
  return own === undefined ? `a ${role} needs ${role}Endpoint or endpoint` : undefined;
}
