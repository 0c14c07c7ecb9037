import type { ControllerDefinition, ControllerHandlers } from '../gen/csi/v1/Controller.ts';
import type { GroupControllerDefinition, GroupControllerHandlers } from '../gen/csi/v1/GroupController.ts';
import type { IdentityDefinition, IdentityHandlers } from '../gen/csi/v1/Identity.ts';
import type { NodeDefinition, NodeHandlers } from '../gen/csi/v1/Node.ts';
import type { AgentDefinition, AgentHandlers } from '../gen/stowage/agent/v1/Agent.ts';
import type { ServiceType } from './service.ts';
import { createServiceLoader } from './service-loader.ts';

/** The services of CSI whose calls are all unary, by their short names. */
export interface CsiServiceTypes {
  readonly Identity: ServiceType<IdentityHandlers, IdentityDefinition>;
  readonly Controller: ServiceType<ControllerHandlers, ControllerDefinition>;
  readonly GroupController: ServiceType<GroupControllerHandlers, GroupControllerDefinition>;
  readonly Node: ServiceType<NodeHandlers, NodeDefinition>;
}

/** The service of the agent. */
export type AgentServiceType = ServiceType<AgentHandlers, AgentDefinition>;

/** Reads csi.proto (about 100 ms, synchronously): call it once, in a composition root. */
export function loadCsiServiceTypes(protoDirectory?: string): CsiServiceTypes {
  const service = createServiceLoader('csi.v1', 'csi.proto', protoDirectory);
  return {
    Identity: service('Identity'),
    Controller: service('Controller'),
    GroupController: service('GroupController'),
    Node: service('Node'),
  };
}

/** Reads agent.proto: call it once, in a composition root. */
export function loadAgentServiceType(protoDirectory?: string): AgentServiceType {
  return createServiceLoader('stowage.agent.v1', 'agent.proto', protoDirectory)('Agent');
}
