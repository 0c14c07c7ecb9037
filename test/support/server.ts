import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { ControllerDefinition } from '../../src/gen/csi/v1/Controller.ts';
import type { IdentityDefinition } from '../../src/gen/csi/v1/Identity.ts';
import type { NodeDefinition } from '../../src/gen/csi/v1/Node.ts';
import { createClient, type RpcClient } from '../../src/rpc/client.ts';
import { loadCsiServiceTypes } from '../../src/rpc/proto.ts';

const SOURCE = resolve(import.meta.dirname, '../../src/main/cli.ts');
const READY_WITHIN_MS = 30_000;
const STOPS_WITHIN_MS = 40_000;

/** One pool, as the configuration file has it. */
export interface PoolConfig {
  readonly name: string;
  readonly path: string;
  readonly backing?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

export interface ServerOptions {
  /** Where the server keeps its sockets, state and records of frozen file systems. Made when it is missing; the caller removes it. */
  readonly directory: string;
  readonly pools: readonly PoolConfig[];
  /** One socket for all services (the default), or one for Controller and one for Node. */
  readonly sockets?: 'one' | 'two';
  /** Further keys of the configuration file, over those that this makes. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** The program and its first arguments. Default: the sources. */
  readonly program?: readonly string[];
}

/** A real all-in-one server in a process of its own. Disposing stops it in order. */
export interface TestServer extends AsyncDisposable {
  readonly pid: number;
  readonly configPath: string;
  /** gRPC addresses; the same one twice when there is one socket. */
  readonly controllerEndpoint: string;
  readonly nodeEndpoint: string;
  readonly identity: RpcClient<IdentityDefinition>;
  readonly controller: RpcClient<ControllerDefinition>;
  readonly node: RpcClient<NodeDefinition>;
  /** From the start of the process to the first answer of Probe, and to the first that says ready. */
  readonly startup: { readonly servingMs: number; readonly readyMs: number };
  /** Everything that it has printed, line by line. */
  logs(): readonly string[];
  /** Stops reading what it prints, for good: its writes fail from then on. */
  closeLogs(): void;
  /** SIGTERM; resolves with the exit code once it has ended, undefined when a signal ended it. Killed when it takes too long. */
  stop(): Promise<number | undefined>;
  /** SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
}

/** Starts the server and waits until Probe says that it is ready. Throws with its log when it ends or is not ready in time. */
export async function startServer(options: ServerOptions): Promise<TestServer> {
  const { directory, program = [process.execPath, SOURCE] } = options;
  await mkdir(directory, { recursive: true });
  const endpoints = getEndpoints(options);
  const configPath = join(directory, 'stowage.yaml');
  await writeFile(configPath, JSON.stringify(toConfig(options, endpoints), undefined, 2));

  const startedAt = performance.now();
  const [command = process.execPath, ...args] = program;
  const child = spawn(command, [...args, 'all-in-one', '--config', configPath], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = collectLines(child);
  const clients = createClients(endpoints);
  const ended = once(child, 'exit').then(([code]) => (typeof code === 'number' ? code : undefined));
  try {
    const startup = await untilReady(clients, { startedAt, ended, log });
    return createHandle({ child, configPath, endpoints, clients, startup, log, ended });
  } catch (cause) {
    child.kill('SIGKILL');
    clients[Symbol.dispose]();
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The server did not start: ${message}\n${log.lines().join('\n')}`, { cause });
  }
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

function toConfig({ directory, pools, sockets = 'one', extra }: ServerOptions, endpoints: Endpoints): object {
  const endpointKeys =
    sockets === 'one'
      ? { endpoint: endpoints.node }
      : { controllerEndpoint: endpoints.controller, nodeEndpoint: endpoints.node };
  return {
    node: { name: 'test-node' },
    clusterId: 'test-cluster',
    stateDirectory: join(directory, 'state'),
    runDirectory: join(directory, 'run'),
    drivers: { hostpath: { ...endpointKeys, pools } },
    ...extra,
  };
}

interface Clients extends Disposable {
  readonly identity: RpcClient<IdentityDefinition>;
  readonly controller: RpcClient<ControllerDefinition>;
  readonly node: RpcClient<NodeDefinition>;
}

function createClients(endpoints: Endpoints): Clients {
  const types = loadCsiServiceTypes();
  const identity = createClient(types.Identity, endpoints.node);
  const controller = createClient(types.Controller, endpoints.controller);
  const node = createClient(types.Node, endpoints.node);
  return {
    identity,
    controller,
    node,
    [Symbol.dispose]: () => {
      for (const client of [identity, controller, node]) client[Symbol.dispose]();
    },
  };
}

interface Log {
  lines(): readonly string[];
  /** Resolves once a line with this message has been printed. */
  untilSaid(message: string): Promise<void>;
}

function collectLines(child: ChildProcess): Log {
  const lines: string[] = [];
  const arrivals = new EventEmitter();
  for (const input of [child.stdout, child.stderr]) {
    if (input === null) continue;
    createInterface({ input }).on('line', (line) => {
      lines.push(line);
      arrivals.emit('line', line);
    });
  }
  return {
    lines: () => lines,
    async untilSaid(message) {
      const isIt = (line: string): boolean => line.includes(`"message":"${message}"`);
      if (lines.some(isIt)) return;
      const { promise, resolve: found } = Promise.withResolvers<void>();
      arrivals.on('line', (line: string) => isIt(line) && found());
      await promise;
    },
  };
}

interface Start {
  readonly startedAt: number;
  readonly ended: Promise<number | undefined>;
  readonly log: Log;
}

/** The server says in its log when it serves and when its pools have been opened; Probe has to say the same. */
async function untilReady(
  clients: Clients,
  { startedAt, ended, log }: Start,
): Promise<TestServer['startup']> {
  const tooLate = Promise.withResolvers<never>();
  const timer = setTimeout(() => tooLate.reject(new Error('it took too long')), READY_WITHIN_MS);
  const exited = ended.then((code) => {
    throw new Error(code === undefined ? 'a signal ended it' : `it ended with code ${code}`);
  });
  // Later, its end is no longer an error of the start.
  exited.catch(() => undefined);
  const orFailure = <T>(promise: Promise<T>): Promise<T> => Promise.race([promise, exited, tooLate.promise]);
  try {
    await orFailure(log.untilSaid('serving'));
    await orFailure(clients.identity.Probe({}));
    const servingMs = performance.now() - startedAt;
    await orFailure(log.untilSaid('ready'));
    const { ready } = await orFailure(clients.identity.Probe({}));
    if (ready?.value === false) throw new Error('it says in its log that it is ready, but Probe does not');
    return { servingMs, readyMs: performance.now() - startedAt };
  } finally {
    clearTimeout(timer);
  }
}

interface Parts {
  readonly child: ChildProcess;
  readonly configPath: string;
  readonly endpoints: Endpoints;
  readonly clients: Clients;
  readonly startup: TestServer['startup'];
  readonly log: Log;
  readonly ended: Promise<number | undefined>;
}

function createHandle({ child, configPath, endpoints, clients, startup, log, ended }: Parts): TestServer {
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | undefined> => {
    clients[Symbol.dispose]();
    child.kill(signal);
    const guard = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS);
    try {
      return await ended;
    } finally {
      clearTimeout(guard);
    }
  };
  return {
    pid: child.pid ?? 0,
    configPath,
    controllerEndpoint: endpoints.controller,
    nodeEndpoint: endpoints.node,
    identity: clients.identity,
    controller: clients.controller,
    node: clients.node,
    startup,
    logs: () => log.lines(),
    closeLogs: () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    },
    stop: () => end('SIGTERM'),
    kill: async () => {
      await end('SIGKILL');
    },
    [Symbol.asyncDispose]: async () => {
      await end('SIGTERM');
    },
  };
}
