import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControllerDefinition } from '../../src/gen/csi/v1/Controller.ts';
import type { NodeDefinition } from '../../src/gen/csi/v1/Node.ts';
import { createClient, type RpcClient } from '../../src/rpc/client.ts';
import { loadCsiServiceTypes } from '../../src/rpc/proto.ts';
import { type Program, startProgram } from './program.ts';

/** Which driver is run, and what its section has beside sockets and pools. */
export interface DriverUnderTest {
  readonly key: 'hostpath' | 'nfs';
  readonly section?: Readonly<Record<string, unknown>>;
}

/** One pool, as the configuration file has it. */
export interface PoolConfig {
  readonly name: string;
  readonly path?: string;
  readonly backing?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

export interface ServerOptions {
  /** Where the server keeps its sockets, state and records of frozen file systems. Made when it is missing; the caller removes it. */
  readonly directory: string;
  readonly pools: readonly PoolConfig[];
  /** Default: host-path. */
  readonly driver?: DriverUnderTest;
  /** One socket for all services (the default), or one for Controller and one for Node. */
  readonly sockets?: 'one' | 'two';
  /** Further keys of the configuration file, over those that this makes. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** The program and its first arguments. Default: the sources. */
  readonly program?: readonly string[];
}

/** A real all-in-one server in a process of its own. Disposing stops it in order. */
export interface TestServer extends Program {
  readonly configPath: string;
  /** gRPC addresses; the same one twice when there is one socket. */
  readonly controllerEndpoint: string;
  readonly nodeEndpoint: string;
  readonly controller: RpcClient<ControllerDefinition>;
  readonly node: RpcClient<NodeDefinition>;
}

/** Starts the server and waits until Probe says that it is ready. Throws with its log when it ends or is not ready in time. */
export async function startServer(options: ServerOptions): Promise<TestServer> {
  const { directory } = options;
  await mkdir(directory, { recursive: true });
  const endpoints = getEndpoints(options);
  const configPath = join(directory, 'stowage.yaml');
  await writeFile(configPath, JSON.stringify(toConfig(options, endpoints), undefined, 2));

  const program = await startProgram({
    role: 'all-in-one',
    configPath,
    endpoint: endpoints.node,
    ...(options.program === undefined ? {} : { program: options.program }),
  });
  const types = loadCsiServiceTypes();
  const controller = createClient(types.Controller, endpoints.controller);
  const node = createClient(types.Node, endpoints.node);
  const disconnect = (): void => {
    for (const client of [controller, node]) client[Symbol.dispose]();
  };
  return {
    ...program,
    configPath,
    controllerEndpoint: endpoints.controller,
    nodeEndpoint: endpoints.node,
    controller,
    node,
    stop: async () => {
      disconnect();
      return await program.stop();
    },
    kill: async () => {
      disconnect();
      await program.kill();
    },
    [Symbol.asyncDispose]: async () => {
      disconnect();
      await program[Symbol.asyncDispose]();
    },
  };
}

interface Endpoints {
  readonly controller: string;
  readonly node: string;
}

function getEndpoints({ directory, sockets = 'one' }: ServerOptions): Endpoints {
  const toEndpoint = (name: string): string => `unix://${join(directory, 'sockets', name, 'csi.sock')}`;
  return sockets === 'one'
    ? { controller: toEndpoint('all'), node: toEndpoint('all') }
    : { controller: toEndpoint('controller'), node: toEndpoint('node') };
}

function toConfig(options: ServerOptions, endpoints: Endpoints): object {
  const { directory, pools, sockets = 'one', extra, driver = { key: 'hostpath' } } = options;
  const endpointKeys =
    sockets === 'one'
      ? { endpoint: endpoints.node }
      : { controllerEndpoint: endpoints.controller, nodeEndpoint: endpoints.node };
  return {
    node: { name: 'test-node' },
    clusterId: 'test-cluster',
    stateDirectory: join(directory, 'state'),
    runDirectory: join(directory, 'run'),
    drivers: { [driver.key]: { ...endpointKeys, pools, ...driver.section } },
    ...extra,
  };
}
