import type { HostpathConfig, HostpathPool } from '../backends/hostpath/config.ts';
import type { Config } from './config.ts';

/** A valid configuration in words, for `config check`: what would run, and where. */
export function describeConfig(file: string, config: Config): string {
  const lines = [`${file} is valid.`, `node ${config.node.name}, cluster ${config.clusterId}`];
  const { hostpath } = config.drivers;
  if (hostpath !== undefined) {
    lines.push(`driver ${hostpath.driverName} on ${listSockets(hostpath).join(' and ')}`);
    lines.push(
      ...hostpath.pools.map((pool) => `  pool ${pool.name}: ${pool.path}, ${describeBacking(pool)}`),
    );
  }
  lines.push(
    config.http.address === undefined
      ? 'no metrics or health over HTTP (http.address is not set)'
      : `metrics and health on http://${config.http.address}`,
  );
  return `${lines.join('\n')}\n`;
}

function listSockets(driver: HostpathConfig): readonly string[] {
  return [driver.endpoint, driver.controllerEndpoint, driver.nodeEndpoint].filter(
    (endpoint) => endpoint !== undefined,
  );
}

function describeBacking({ backing }: HostpathPool): string {
  if (backing.type === 'none') return 'the directory as it is';
  if (backing.type === 'device') return `an xfs on ${backing.device}`;
  return `an xfs of ${backing.size} bytes in ${backing.path}${backing.sparse ? ' (sparse)' : ''}`;
}
