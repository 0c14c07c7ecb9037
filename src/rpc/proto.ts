import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { ControllerDefinition, ControllerHandlers } from '../gen/csi/v1/Controller.ts';
import type { GroupControllerDefinition, GroupControllerHandlers } from '../gen/csi/v1/GroupController.ts';
import type { IdentityDefinition, IdentityHandlers } from '../gen/csi/v1/Identity.ts';
import type { NodeDefinition, NodeHandlers } from '../gen/csi/v1/Node.ts';
import { LOADER_OPTIONS } from './loader-options.ts';
import type { ServiceType } from './service.ts';

const CSI_PROTO = 'csi/v1/csi.proto';

/** The services of CSI whose calls are all unary, by their short names. */
export interface CsiServiceTypes {
  readonly Identity: ServiceType<IdentityHandlers, IdentityDefinition>;
  readonly Controller: ServiceType<ControllerHandlers, ControllerDefinition>;
  readonly GroupController: ServiceType<GroupControllerHandlers, GroupControllerDefinition>;
  readonly Node: ServiceType<NodeHandlers, NodeDefinition>;
}

/**
 * The directory `proto` nearest above a module: the same code runs from src/rpc and from a bundle in dist, and proto/ stands
 * beside both. Throws an Error that says where it looked.
 */
export function findProtoDirectory(moduleUrl: string = import.meta.url): string {
  const start = dirname(fileURLToPath(moduleUrl));
  let directory = start;
  while (!existsSync(join(directory, 'proto', CSI_PROTO))) {
    const parent = dirname(directory);
    if (parent === directory) {
      throw new Error(`proto/${CSI_PROTO} is in no directory above ${start}: ship proto/ beside dist/`);
    }
    directory = parent;
  }
  return join(directory, 'proto');
}

/** Reads csi.proto (about 100 ms, synchronously): call it once, in a composition root. */
export function loadCsiServiceTypes(protoDirectory: string = findProtoDirectory()): CsiServiceTypes {
  const definitions = loadSync(CSI_PROTO, { ...LOADER_OPTIONS, includeDirs: [protoDirectory] });
  const service = <Handlers, Definition extends grpc.ServiceDefinition>(
    name: string,
  ): ServiceType<Handlers, Definition> => {
    const fullName = `csi.v1.${name}`;
    const definition = definitions[fullName];
    if (definition === undefined) throw new Error(`${CSI_PROTO} has no service ${fullName}`);
    // The types in gen/ are made from the same file with the same options (scripts/generate.ts).
    return { name: fullName, definition: definition as unknown as Definition };
  };
  return {
    Identity: service('Identity'),
    Controller: service('Controller'),
    GroupController: service('GroupController'),
    Node: service('Node'),
  };
}
