import type { HostpathConfig, HostpathPool } from '../backends/hostpath/config.ts';
import { isPoolOf } from '../backends/hostpath/pool-nodes.ts';
import type { ControllerSection } from '../config/cluster-schema.ts';
import type { Config } from './config.ts';
import { listRoleIssues, ROLES, type Role } from './roles.ts';

/** A valid configuration in words, for `config check`: what would run, and where. Without a role, also which roles it does for. */
export function describeConfig(file: string, config: Config, role?: Role): string {
  const lines = [
    `${file} is valid${role === undefined ? '' : ` for ${role}`}.`,
    ...(role === undefined ? ROLES.map((each) => describeRole(config, each)) : []),
    `node ${config.node.name}, cluster ${config.clusterId ?? '(by default)'}`,
  ];
  const { hostpath } = config.drivers;
  if (hostpath !== undefined) {
    lines.push(`driver ${hostpath.driverName} on ${listSockets(hostpath).join(' and ')}`);
    lines.push(...hostpath.pools.map((pool) => describePool(pool, config.node.name)));
  }
  if (config.controller !== undefined) lines.push(describeAgents(config.controller));
  lines.push(
    config.http.address === undefined
      ? 'no metrics or health over HTTP (http.address is not set)'
      : `metrics and health on http://${config.http.address}`,
  );
  return `${lines.join('\n')}\n`;
}

function describeRole(config: Config, role: Role): string {
  const issues = listRoleIssues(config, role);
  const why = issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  return `  ${role}: ${issues.length === 0 ? 'yes' : `no (${why})`}`;
}

function describePool(pool: HostpathPool, nodeName: string): string {
  const nodes = pool.nodes === undefined ? '' : `, on ${pool.nodes.join(', ')}`;
  const mark = isPoolOf(pool, nodeName) ? '' : ' (not on this node)';
  return `  pool ${pool.name}: ${pool.path}, ${describeBacking(pool)}${nodes}${mark}`;
}

function describeAgents({ agents, registry }: ControllerSection): string {
  const where =
    agents.static === undefined
      ? `pods ${agents.kubernetes?.selector ?? ''} in namespace ${agents.kubernetes?.namespace ?? ''}`
      : `agents of ${agents.static.map(({ node }) => node).join(', ')}`;
  return `controller: ${where}, registry of pools in ${registry.type === 'file' ? 'files' : 'Kubernetes'}`;
}

function listSockets(driver: HostpathConfig): readonly string[] {
  return [driver.endpoint, driver.controllerEndpoint, driver.nodeEndpoint].filter(
    (endpoint) => endpoint !== undefined,
  );
}

function describeBacking({ backing }: HostpathPool): string {
  if (backing.type === 'none') {
    return `the directory as it is${backing.mountPoint === undefined ? '' : `, once ${backing.mountPoint} is mounted`}`;
  }
  if (backing.type === 'device') return `an xfs on ${backing.device}`;
  return `an xfs of ${backing.size} bytes in ${backing.path}${backing.sparse ? ' (sparse)' : ''}`;
}
