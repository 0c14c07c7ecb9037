import type { AgentDiscovery } from '../agent/discovery.ts';
import { createStaticDiscovery } from '../agent/static-discovery.ts';
import { systemClock } from '../base/clock.ts';
import { alwaysHeld, type Lease } from '../base/lease.ts';
import { DriverError } from '../domain/errors.ts';
import { createFileRegistry } from '../pools/file-registry.ts';
import type { PoolRegistry } from '../pools/registry.ts';
import { createFileTls } from '../rpc/file-tls.ts';
import type { TlsSource } from '../rpc/tls.ts';
import type { Lifetime } from './lifecycle.ts';
import type { ProgramOptions } from './program.ts';
import { getSection } from './roles.ts';

/** What a controller stands on: where its agents are, how it trusts them, and where it is kept which pools there are. */
export interface ControllerGround {
  readonly discovery: AgentDiscovery;
  readonly tls: TlsSource;
  readonly registry: PoolRegistry;
  /** Under which one controller of several does the work in the background. */
  readonly lease: Lease;
  /** The cluster that new pools belong to. */
  readonly clusterId: string;
}

/** Makes what the configuration asks for. What has to be ended is, when the program stops. */
export async function prepareGround(
  { config, logger }: ProgramOptions,
  { stack }: Lifetime,
): Promise<ControllerGround> {
  const { agents } = getSection(config.controller, 'controller');
  const { driverName } = getSection(config.drivers.hostpath, 'drivers.hostpath');
  const tls = getSection(config.tls, 'tls');
  const directory = getSection(tls.directory, 'tls.directory');
  const source = await createFileTls({ directory, clock: systemClock, logger });
  stack.defer(() => source.close());
  if (agents.static === undefined) {
    throw new DriverError('UNSUPPORTED', 'Agents are found by controller.agents.static only, so far.');
  }
  const addresses = agents.static.map(({ node, address }) => ({ nodeName: node, address }));
  const { stateDirectory, clusterId } = config;
  return {
    discovery: createStaticDiscovery(addresses),
    tls: source,
    registry: createFileRegistry({ stateDirectory, driver: driverName, clock: systemClock }),
    lease: alwaysHeld,
    clusterId,
  };
}
