import type { ControllerSection } from '../config/cluster-schema.ts';
import type { Config } from './config.ts';
import { listDrivers } from './drivers/registry.ts';
import { listRoleIssues, ROLES, type Role } from './roles.ts';
import type { DriverEndpoints } from './sockets.ts';

/** A valid configuration in words, for `config check`: what would run, and where. Without a role, also which roles it does for. */
export function describeConfig(file: string, config: Config, role?: Role): string {
  const lines = [
    `${file} is valid${role === undefined ? '' : ` for ${role}`}.`,
    ...(role === undefined ? ROLES.map((each) => describeRole(config, each)) : []),
    `node ${config.node.name}, cluster ${config.clusterId ?? '(by default)'}`,
  ];
  for (const driver of listDrivers(config)) {
    const sockets = listSockets(driver.section);
    lines.push(
      `driver ${driver.section.driverName}${sockets.length === 0 ? '' : ` on ${sockets.join(' and ')}`}`,
    );
    lines.push(...driver.describePools(config.node.name));
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

function describeAgents({ agents, registry }: ControllerSection): string {
  const { static: listed, kubernetes: pods } = agents;
  const where = [
    ...(listed === undefined ? [] : [`agents of ${listed.map(({ node }) => node).join(', ')}`]),
    ...(pods === undefined ? [] : [`pods ${pods.selector} in namespace ${pods.namespace}`]),
  ];
  return `controller: ${where.join(' and ')}, registry of pools in ${registry.type === 'file' ? 'files' : 'Kubernetes'}`;
}

function listSockets(driver: DriverEndpoints): readonly string[] {
  return [driver.endpoint, driver.controllerEndpoint, driver.nodeEndpoint].filter(
    (endpoint) => endpoint !== undefined,
  );
}
