import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDriverError } from '../../../src/domain/errors.ts';
import type { ControllerDefinition } from '../../../src/gen/csi/v1/Controller.ts';
import type { NodeDefinition } from '../../../src/gen/csi/v1/Node.ts';
import { createClient, type RpcClient } from '../../../src/rpc/client.ts';
import { loadCsiServiceTypes } from '../../../src/rpc/proto.ts';
import { AGENT_TLS_NAME, CONTROLLER_TLS_NAME } from '../../../src/rpc/tls.ts';
import { type Program, startProgram } from '../program.ts';
import { createTlsFilesAuthority } from '../tls-files.ts';
import type { Machine } from './machine.ts';

const AGENT_PORT = 9810;
const OPEN_WITHIN_MS = 90_000;
const SOURCES: readonly string[] = [process.execPath, join(import.meta.dirname, '../../../src/main/cli.ts')];

/** One pool, as it is in the configuration of every program. */
export interface NfsPoolConfig {
  readonly name: string;
  readonly [key: string]: unknown;
}

export interface NfsClusterOptions {
  /** On a file system that every machine sees. Made when it is missing. */
  readonly directory: string;
  readonly pools: readonly NfsPoolConfig[];
  /** The machines that are nodes. */
  readonly nodes: readonly Machine[];
  /** The machine with an agent for the pools that name its host name. */
  readonly server?: Machine;
  /** An agent that runs already. */
  readonly agents?: readonly { readonly node: string; readonly address: string }[];
  /** Certificates that are there already: `ca.crt` and the others below `agent/` and `controller/`. Default: new ones. */
  readonly tlsDirectory?: string;
  /** What every program is started with. Default: the sources. */
  readonly program?: readonly string[];
}

/** A node of the cluster. */
export interface NfsNode {
  readonly machine: Machine;
  readonly endpoint: string;
  readonly node: RpcClient<NodeDefinition>;
  /** The process that runs now. */
  readonly program: Program;
  /** Starts it again after it was stopped or killed; `pools` are those of its configuration from then on. */
  start(pools?: readonly NfsPoolConfig[]): Promise<void>;
}

/** The NFS driver as a cluster has it: a controller, nodes, perhaps an agent on a server, all with mutual TLS. Disposing stops them in order. */
export interface NfsCluster extends AsyncDisposable {
  readonly endpoint: string;
  readonly controller: RpcClient<ControllerDefinition>;
  readonly controllerProgram: Program;
  readonly nodes: readonly NfsNode[];
  /** What the programs have printed. */
  logs(): string;
}

/** Writes certificates for both ends below a directory. */
export async function writeTls(directory: string): Promise<void> {
  const authority = await createTlsFilesAuthority();
  await authority.write(join(directory, 'agent'), AGENT_TLS_NAME);
  await authority.write(join(directory, 'controller'), CONTROLLER_TLS_NAME);
}

/** The configuration of an agent on a server. */
export function toAgentConfig(options: {
  readonly node: string;
  readonly address: string;
  readonly pools: readonly NfsPoolConfig[];
  readonly tlsDirectory: string;
  readonly stateDirectory: string;
}): object {
  const { node, address, pools, tlsDirectory, stateDirectory } = options;
  return {
    node: { name: node },
    stateDirectory,
    runDirectory: '/run/stowage',
    agent: { address: `${address}:${AGENT_PORT}` },
    tls: { directory: join(tlsDirectory, 'agent') },
    drivers: { nfs: { pools } },
  };
}

/** Starts everything and waits until every pool is open. */
export async function startNfsCluster(options: NfsClusterOptions): Promise<NfsCluster> {
  const { directory, pools, nodes: machines, server, agents: given = [], program: words = SOURCES } = options;
  await using undo = new AsyncDisposableStack();
  const tls = options.tlsDirectory ?? join(directory, 'tls');
  if (options.tlsDirectory === undefined) await writeTls(tls);
  const programs: (() => Program)[] = [];
  if (server !== undefined) {
    const config = toAgentConfig({
      node: server.hostName,
      address: server.addresses.ipv4,
      pools,
      tlsDirectory: tls,
      stateDirectory: join(directory, 'server-state'),
    });
    const configPath = await writeConfig(join(directory, 'server'), config);
    const program = undo.use(
      await startProgram({
        role: 'agent',
        configPath,
        endpoint: `unix://${directory}/server/none.sock`,
        program: server.wrap(words),
        until: 'started',
      }),
    );
    programs.push(() => program);
  }
  const nodes: NfsNode[] = [];
  for (const machine of machines) {
    const node = await startNode({ directory, pools, tls, machine, words });
    undo.defer(() => node.end());
    nodes.push(node);
    programs.push(() => node.program);
  }
  const agents = [
    ...given,
    ...[...machines, ...(server === undefined ? [] : [server])].map(({ hostName, addresses }) => ({
      node: hostName,
      address: `${addresses.ipv4}:${AGENT_PORT}`,
    })),
  ];
  const endpoint = `unix://${join(directory, 'controller', 'csi', 'csi.sock')}`;
  await mkdir(join(directory, 'controller', 'csi'), { recursive: true });
  const configPath = await writeConfig(join(directory, 'controller'), {
    clusterId: 'test-cluster',
    stateDirectory: join(directory, 'cluster'),
    tls: { directory: join(tls, 'controller') },
    controller: { agents: { static: agents } },
    drivers: { nfs: { controllerEndpoint: endpoint } },
  });
  const controllerProgram = undo.use(
    await startProgram({ role: 'controller', configPath, endpoint, program: words }),
  );
  programs.push(() => controllerProgram);
  const controller = undo.use(createClient(loadCsiServiceTypes().Controller, endpoint));
  const logs = (): string => programs.map((find) => find().logs().join('\n')).join('\n---\n');
  await untilOpen(controller, pools, logs);
  const kept = undo.move();
  return {
    endpoint,
    controller,
    controllerProgram,
    nodes,
    logs,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function startNode(options: {
  readonly directory: string;
  readonly pools: readonly NfsPoolConfig[];
  readonly tls: string;
  readonly machine: Machine;
  readonly words: readonly string[];
}): Promise<NfsNode & { end(): Promise<void> }> {
  const { machine, tls, words } = options;
  const directory = join(options.directory, 'nodes', machine.hostName);
  const endpoint = `unix://${join(directory, 'csi', 'csi.sock')}`;
  await mkdir(join(directory, 'csi'), { recursive: true });
  const start = async (pools: readonly NfsPoolConfig[]): Promise<Program> => {
    const configPath = await writeConfig(directory, {
      node: { name: machine.hostName },
      stateDirectory: join(directory, 'state'),
      runDirectory: join(directory, 'run'),
      agent: { address: `${machine.addresses.ipv4}:${AGENT_PORT}` },
      tls: { directory: join(tls, 'agent') },
      drivers: { nfs: { nodeEndpoint: endpoint, mountDirectory: join(directory, 'mounts'), pools } },
    });
    const program = machine.wrap(words);
    return await startProgram({ role: 'node', configPath, endpoint, program });
  };
  let current = await start(options.pools);
  const node = createClient(loadCsiServiceTypes().Node, endpoint);
  return {
    machine,
    endpoint,
    node,
    get program() {
      return current;
    },
    async start(pools = options.pools) {
      current = await start(pools);
    },
    async end() {
      node[Symbol.dispose]();
      await current[Symbol.asyncDispose]();
    },
  };
}

async function writeConfig(directory: string, config: object): Promise<string> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, 'stowage.yaml');
  await writeFile(path, JSON.stringify(config, undefined, 2));
  return path;
}

/** Pools that are new have to be admitted by the controller first. */
async function untilOpen(
  controller: RpcClient<ControllerDefinition>,
  pools: readonly NfsPoolConfig[],
  logs: () => string,
): Promise<void> {
  const giveUpAt = performance.now() + OPEN_WITHIN_MS;
  for (const { name } of pools) {
    while (!(await hasRoom(controller, name))) {
      if (performance.now() > giveUpAt) throw new Error(`Pool ${name} does not open.\n${logs()}`);
      await sleep(50);
    }
  }
}

async function hasRoom(controller: RpcClient<ControllerDefinition>, pool: string): Promise<boolean> {
  try {
    const { availableCapacity } = await controller.GetCapacity({ parameters: { pool, quota: 'none' } });
    return Number(availableCapacity) > 0;
  } catch (error) {
    if (isDriverError(error, 'POOL_UNAVAILABLE')) return false;
    throw error;
  }
}
