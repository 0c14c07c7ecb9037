import { chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TOPOLOGY_KEY } from '../../src/backends/hostpath/topology.ts';
import { isDriverError } from '../../src/domain/errors.ts';
import type { ControllerDefinition } from '../../src/gen/csi/v1/Controller.ts';
import type { NodeDefinition } from '../../src/gen/csi/v1/Node.ts';
import { createClient, type RpcClient } from '../../src/rpc/client.ts';
import { loadCsiServiceTypes } from '../../src/rpc/proto.ts';
import { AGENT_TLS_NAME, CONTROLLER_TLS_NAME } from '../../src/rpc/tls.ts';
import { drawLoopbackHost, findFreePort } from './free-port.ts';
import { type Program, startProgram } from './program.ts';
import type { DriverUnderTest, PoolConfig } from './server.ts';
import { createTlsFilesAuthority } from './tls-files.ts';

const OPEN_WITHIN_MS = 30_000;

const HOSTPATH: DriverUnderTest = { key: 'hostpath' };

export interface SplitClusterOptions {
  /** Holds everything: configuration, certificates, sockets, state. Made when it is missing; the caller removes it. */
  readonly directory: string;
  readonly nodes: readonly SplitNode[];
  /** Default: host-path. */
  readonly driver?: DriverUnderTest;
  /** Default: one. */
  readonly controllers?: number;
  /** The program and its first arguments. Default: the sources. */
  readonly program?: readonly string[];
  /** What the controllers are started with instead. */
  readonly controllerProgram?: readonly string[];
  /** Who the controllers run as. Default: root. */
  readonly controllerUid?: number;
}

/** A node as it is to be started. */
export interface SplitNode {
  readonly name: string;
  readonly pools: readonly PoolConfig[];
  /** What it is started with instead. Default: what all are started with. */
  readonly program?: readonly string[];
}

/** One process of the cluster, which can be ended and started again. */
export interface Member extends AsyncDisposable {
  readonly name: string;
  readonly configPath: string;
  /** gRPC address of its CSI socket. */
  readonly endpoint: string;
  /** The process that runs now. Throws when none does. */
  readonly program: Program;
  /** Starts it again after it was stopped or killed. */
  start(): Promise<Program>;
}

export interface ControllerMember extends Member {
  readonly controller: RpcClient<ControllerDefinition>;
}

export interface NodeMember extends Member {
  readonly node: RpcClient<NodeDefinition>;
  /** Where its agent listens. */
  readonly agentAddress: string;
}

/** Controllers and nodes as processes of their own on this machine, with mutual TLS between them. Disposing stops all of them in order. */
export interface SplitCluster extends AsyncDisposable {
  readonly controllers: readonly ControllerMember[];
  readonly nodes: readonly NodeMember[];
}

/** Where a controller of {@link startSplitCluster} has to be able to write. */
export function listWritable(directory: string, controller: string): readonly string[] {
  return [join(directory, 'controllers', controller), join(directory, 'cluster')];
}

/** Starts the nodes, then the controllers, and waits until each says that it is ready and all pools are open. */
export async function startSplitCluster(options: SplitClusterOptions): Promise<SplitCluster> {
  const { directory, controllers: count = 1 } = options;
  await using undo = new AsyncDisposableStack();
  const authority = await createTlsFilesAuthority();
  const tls = { controller: join(directory, 'tls/controller'), node: join(directory, 'tls/node') };
  await authority.write(tls.node, AGENT_TLS_NAME);
  await authority.write(tls.controller, CONTROLLER_TLS_NAME, { uid: options.controllerUid ?? 0 });

  const started = await Promise.allSettled(
    options.nodes.map(async (node) => undo.use(await startNode({ ...options, ...node, tls: tls.node }))),
  );
  const nodes = started.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
  const agents = nodes.map(({ name, agentAddress }) => ({ node: name, address: agentAddress }));
  const controllers: ControllerMember[] = [];
  for (let index = 0; index < count; index += 1) {
    const name = `controller-${index + 1}`;
    controllers.push(undo.use(await startController({ ...options, name, agents, tls: tls.controller })));
  }
  for (const { controller } of controllers) await untilOpen(controller, options);
  const kept = undo.move();
  return { controllers, nodes, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Pools that are new have to be admitted by a controller first. */
async function untilOpen(
  controller: RpcClient<ControllerDefinition>,
  { nodes, driver = HOSTPATH }: SplitClusterOptions,
): Promise<void> {
  const giveUpAt = performance.now() + OPEN_WITHIN_MS;
  const places = nodes.flatMap(({ name, pools }) => pools.map((pool) => ({ node: name, pool: pool.name })));
  for (const place of places) {
    while (!(await hasRoom(controller, driver.key === 'hostpath' ? place : { pool: place.pool }))) {
      if (performance.now() > giveUpAt) throw new Error(`Pool ${place.pool} of ${place.node} does not open.`);
      await sleep(50);
    }
  }
}

async function hasRoom(
  controller: RpcClient<ControllerDefinition>,
  { node, pool }: { readonly node?: string; readonly pool: string },
): Promise<boolean> {
  try {
    const accessibleTopology = node === undefined ? null : { segments: { [TOPOLOGY_KEY]: node } };
    const { availableCapacity } = await controller.GetCapacity({ parameters: { pool }, accessibleTopology });
    return Number(availableCapacity) > 0;
  } catch (error) {
    if (isDriverError(error, 'POOL_UNAVAILABLE')) return false;
    throw error;
  }
}

async function startNode(
  options: SplitClusterOptions & SplitNode & { readonly tls: string },
): Promise<NodeMember> {
  const { name, pools, tls, program, driver = HOSTPATH } = options;
  const directory = join(options.directory, 'nodes', name);
  const host = drawLoopbackHost();
  const agentAddress = `${host}:${await findFreePort(host)}`;
  const endpoint = `unix://${join(directory, 'csi', 'csi.sock')}`;
  const member = await createMember({
    name,
    role: 'node',
    directory,
    endpoint,
    ...(program === undefined ? {} : { program }),
    config: {
      node: { name },
      stateDirectory: join(directory, 'state'),
      agent: { address: agentAddress },
      tls: { directory: tls },
      drivers: { [driver.key]: { nodeEndpoint: endpoint, pools, ...driver.section } },
    },
  });
  const node = createClient(loadCsiServiceTypes().Node, endpoint);
  return withClient(member, node, (base) => Object.assign(base, { node, agentAddress }));
}

async function startController(
  options: SplitClusterOptions & {
    readonly name: string;
    readonly agents: readonly { readonly node: string; readonly address: string }[];
    readonly tls: string;
  },
): Promise<ControllerMember> {
  const { name, agents, tls, controllerUid = 0, driver = HOSTPATH } = options;
  const directory = join(options.directory, 'controllers', name);
  const stateDirectory = join(options.directory, 'cluster');
  for (const path of [join(directory, 'csi'), stateDirectory]) {
    await mkdir(path, { recursive: true });
    await chown(path, controllerUid, controllerUid);
  }
  const endpoint = `unix://${join(directory, 'csi', 'csi.sock')}`;
  const program = options.controllerProgram ?? options.program;
  const member = await createMember({
    name,
    role: 'controller',
    directory,
    endpoint,
    ...(program === undefined ? {} : { program }),
    config: {
      stateDirectory,
      tls: { directory: tls },
      controller: { agents: { static: agents } },
      drivers: { [driver.key]: { controllerEndpoint: endpoint } },
    },
  });
  const controller = createClient(loadCsiServiceTypes().Controller, endpoint);
  return withClient(member, controller, (base) => Object.assign(base, { controller }));
}

interface MemberOptions {
  readonly name: string;
  readonly role: 'controller' | 'node';
  readonly directory: string;
  readonly endpoint: string;
  readonly config: object;
  readonly program?: readonly string[];
}

async function createMember({ config, ...options }: MemberOptions): Promise<Member> {
  const { name, role, directory, endpoint, program } = options;
  await mkdir(join(directory, 'csi'), { recursive: true });
  const configPath = join(directory, 'stowage.yaml');
  const whole = { clusterId: 'test-cluster', runDirectory: join(directory, 'run'), ...config };
  await writeFile(configPath, JSON.stringify(whole, undefined, 2));
  const start = async (): Promise<Program> => {
    return await startProgram({ role, configPath, endpoint, ...(program === undefined ? {} : { program }) });
  };
  let current = await start();
  return {
    name,
    configPath,
    endpoint,
    get program() {
      return current;
    },
    async start() {
      current = await start();
      return current;
    },
    async [Symbol.asyncDispose]() {
      await current[Symbol.asyncDispose]();
    },
  };
}

function withClient<M extends Member>(base: Member, client: Disposable, extend: (base: Member) => M): M {
  const end = base[Symbol.asyncDispose].bind(base);
  const member = extend(base);
  member[Symbol.asyncDispose] = async () => {
    client[Symbol.dispose]();
    await end();
  };
  return member;
}
