import { DriverError } from '../domain/errors.ts';
import type { Config } from './config.ts';
import type { ConfiguredDriver, Driver } from './drivers/driver.ts';
import { listDrivers } from './drivers/registry.ts';
import type { DriverEndpoints } from './sockets.ts';

/** What one process of this program can be. */
export const ROLES = ['controller', 'node', 'agent', 'all-in-one'] as const;
export type Role = (typeof ROLES)[number];

/** What keeps a configuration that is valid in itself from being used by a role. */
export interface RoleIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Everything that the role lacks, in the order of the file. `known`: the drivers that there are. */
export function listRoleIssues(config: Config, role: Role, known?: readonly Driver[]): readonly RoleIssue[] {
  const drivers = listDrivers(config, known);
  const used = role === 'agent' ? drivers.filter(({ hasAgent }) => hasAgent) : drivers;
  return [
    ...listClusterIssues(config, role),
    ...(used.length === 0 ? [toNothingOffered(drivers)] : []),
    ...used.flatMap((driver) => listDriverIssues(driver, role, config.node.name)),
  ];
}

/** A section that {@link listRoleIssues} has found to be there. Throws INVALID_ARGUMENT when nobody has asked it before. */
export function getSection<T>(section: T | undefined, key: string): T {
  if (section !== undefined) return section;
  throw new DriverError('INVALID_ARGUMENT', `The configuration has no ${key}, which this role needs.`);
}

function listClusterIssues({ tls, controller }: Config, role: Role): readonly RoleIssue[] {
  if (role === 'all-in-one') return [];
  if (role !== 'controller') {
    if (tls?.directory !== undefined) return [];
    const who = role === 'node' ? 'a node' : 'an agent';
    return [
      {
        path: ['tls'],
        message: `${who} needs tls.directory, with the ca.crt, tls.crt and tls.key that it shows to controllers`,
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

function toNothingOffered(drivers: readonly ConfiguredDriver[]): RoleIssue {
  const names = drivers.map(({ key }) => key).join(', ');
  return {
    path: ['drivers'],
    message: `an agent by itself offers pools of servers, and ${names} has none: its pools are on nodes, where \`stowage node\` offers them`,
  };
}

function listDriverIssues(driver: ConfiguredDriver, role: Role, nodeName: string): readonly RoleIssue[] {
  const path = ['drivers', driver.key];
  const socket = findMissingSocket(driver.section, role);
  return [
    ...(socket === undefined ? [] : [{ path, message: socket }]),
    ...driver
      .listIssues({ role, nodeName })
      .map((issue) => ({ path: [...path, ...issue.path], message: issue.message })),
  ];
}

function findMissingSocket(
  { endpoint, controllerEndpoint, nodeEndpoint }: DriverEndpoints,
  role: Role,
): string | undefined {
  if (role === 'agent' || endpoint !== undefined) return undefined;
  if (role === 'all-in-one') {
    const isWhole = controllerEndpoint !== undefined && nodeEndpoint !== undefined;
    return isWhole ? undefined : 'set either endpoint, or both controllerEndpoint and nodeEndpoint';
  }
  const own = role === 'controller' ? controllerEndpoint : nodeEndpoint;
  return own === undefined ? `a ${role} needs ${role}Endpoint or endpoint` : undefined;
}
