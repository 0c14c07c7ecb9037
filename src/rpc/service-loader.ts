import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { LOADER_OPTIONS } from './loader-options.ts';
import type { ServiceType } from './service.ts';

/** A file that is certainly there wherever the others are. */
const MARK = 'csi/v1/csi.proto';

/** Gives the services of one .proto file by their short names; which types go with which name is the caller's to say. */
export type ServiceLoader = <Handlers, Definition extends grpc.ServiceDefinition>(
  name: string,
) => ServiceType<Handlers, Definition>;

/**
 * The directory `proto` nearest above a module: the same code runs from src/rpc and from a bundle in dist, and proto/ stands
 * beside both. Throws an Error that says where it looked.
 */
export function findProtoDirectory(moduleUrl: string = import.meta.url): string {
  const start = dirname(fileURLToPath(moduleUrl));
  let directory = start;
  while (!existsSync(join(directory, 'proto', MARK))) {
    const parent = dirname(directory);
    if (parent === directory) {
      throw new Error(`proto/${MARK} is in no directory above ${start}: ship proto/ beside dist/`);
    }
    directory = parent;
  }
  return join(directory, 'proto');
}

/** Reads `<package as a path>/<file>`, synchronously. Call it once, in a composition root. */
export function createServiceLoader(
  packageName: string,
  file: string,
  protoDirectory: string = findProtoDirectory(),
): ServiceLoader {
  const path = join(...packageName.split('.'), file);
  const definitions = loadSync(path, { ...LOADER_OPTIONS, includeDirs: [protoDirectory] });
  return <Handlers, Definition extends grpc.ServiceDefinition>(
    name: string,
  ): ServiceType<Handlers, Definition> => {
    const fullName = `${packageName}.${name}`;
    const definition = definitions[fullName];
    if (definition === undefined) throw new Error(`${path} has no service ${fullName}`);
    // The types in gen/ are made from the same file with the same options (scripts/generate.ts).
    return { name: fullName, definition: definition as unknown as Definition };
  };
}
