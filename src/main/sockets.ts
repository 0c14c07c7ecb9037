import type { ControllerBackend, NodeBackend } from '../backends/backend.ts';
import { createControllerService } from '../csi/controller/service.ts';
import { createIdentityService, type PluginFeatures } from '../csi/identity.ts';
import { createNodeService } from '../csi/node/service.ts';
import { DriverError } from '../domain/errors.ts';
import type { CsiServiceTypes } from '../rpc/proto.ts';
import type { SocketPlan } from '../rpc/server.ts';
import type { Service } from '../rpc/service.ts';
import { toSocketPath } from '../rpc/unix-socket.ts';

/** One driver with the halves of it that this program serves. */
export interface ServedDriver {
  readonly driverName: string;
  readonly version: string;
  readonly endpoints: DriverEndpoints;
  /** Of the driver as a whole, whatever is served here. */
  readonly features: PluginFeatures;
  readonly controller?: ControllerBackend;
  readonly node?: NodeBackend;
  readonly ready: () => boolean;
}

/** As in the configuration: one for all services, or one each. */
export interface DriverEndpoints {
  readonly endpoint?: string | undefined;
  readonly controllerEndpoint?: string | undefined;
  readonly nodeEndpoint?: string | undefined;
}

/** What is served where. Identity is on every socket. Throws INVALID_ARGUMENT for a half that has none. */
export function planSockets(driver: ServedDriver, types: CsiServiceTypes): readonly SocketPlan[] {
  const identity = createIdentityService({
    type: types.Identity,
    driverName: driver.driverName,
    vendorVersion: driver.version,
    features: driver.features,
    ready: driver.ready,
  });
  const { endpoint, controllerEndpoint, nodeEndpoint } = driver.endpoints;
  const halves: (readonly [Service, string | undefined])[] = [];
  if (driver.controller !== undefined) {
    const service = createControllerService({ type: types.Controller, backend: driver.controller });
    halves.push([service, controllerEndpoint]);
  }
  if (driver.node !== undefined) {
    halves.push([createNodeService({ type: types.Node, backend: driver.node }), nodeEndpoint]);
  }
  const toPlan = (address: string, services: readonly Service[]): SocketPlan => ({
    path: toSocketPath(address),
    driver: driver.driverName,
    services: [identity, ...services],
  });
  if (endpoint !== undefined) {
    return [
      toPlan(
        endpoint,
        halves.map(([service]) => service),
      ),
    ];
  }
  return halves.map(([service, address]) => {
    if (address !== undefined) return toPlan(address, [service]);
    throw new DriverError(
      'INVALID_ARGUMENT',
      `Driver ${driver.driverName} has no socket for ${service.name}: set endpoint, or both controllerEndpoint and nodeEndpoint.`,
    );
  });
}
