import type { ControllerBackend, NodeBackend } from '../backends/backend.ts';
import { toPluginFeatures } from '../csi/controller/capabilities.ts';
import { createControllerService } from '../csi/controller/service.ts';
import { createIdentityService } from '../csi/identity.ts';
import { createNodeService } from '../csi/node/service.ts';
import { DriverError } from '../domain/errors.ts';
import type { CsiServiceTypes } from '../rpc/proto.ts';
import type { SocketPlan } from '../rpc/server.ts';
import { toSocketPath } from '../rpc/unix-socket.ts';

/** One driver with both of its halves, as it is served. */
export interface ServedDriver {
  readonly driverName: string;
  readonly version: string;
  readonly endpoints: DriverEndpoints;
  readonly controller: ControllerBackend;
  readonly node: NodeBackend;
  readonly ready: () => boolean;
}

/** As in the configuration: one for all services, or one each. */
export interface DriverEndpoints {
  readonly endpoint?: string | undefined;
  readonly controllerEndpoint?: string | undefined;
  readonly nodeEndpoint?: string | undefined;
}

/** What is served where. Identity is on every socket. */
export function planSockets(driver: ServedDriver, types: CsiServiceTypes): readonly SocketPlan[] {
  const identity = createIdentityService({
    type: types.Identity,
    driverName: driver.driverName,
    vendorVersion: driver.version,
    features: toPluginFeatures(driver.controller),
    ready: driver.ready,
  });
  const controller = createControllerService({ type: types.Controller, backend: driver.controller });
  const node = createNodeService({ type: types.Node, backend: driver.node });
  const { endpoint, controllerEndpoint, nodeEndpoint } = driver.endpoints;
  const toPlan = (address: string, services: SocketPlan['services']): SocketPlan => ({
    path: toSocketPath(address),
    driver: driver.driverName,
    services,
  });
  if (endpoint !== undefined) return [toPlan(endpoint, [identity, controller, node])];
  if (controllerEndpoint === undefined || nodeEndpoint === undefined) {
    throw new DriverError(
      'INVALID_ARGUMENT',
      `Driver ${driver.driverName} has no socket: set endpoint, or both controllerEndpoint and nodeEndpoint.`,
    );
  }
  return [toPlan(controllerEndpoint, [identity, controller]), toPlan(nodeEndpoint, [identity, node])];
}
