import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDriverError } from '../../src/domain/errors.ts';
import type { IdentityDefinition } from '../../src/gen/csi/v1/Identity.ts';
import type { Role } from '../../src/main/roles.ts';
import { createClient, type RpcClient } from '../../src/rpc/client.ts';
import { loadCsiServiceTypes } from '../../src/rpc/proto.ts';

const SOURCE = resolve(import.meta.dirname, '../../src/main/cli.ts');
/** Much longer than it ever takes on a machine that does nothing else. */
const READY_WITHIN_MS = 60_000;
const STOPS_WITHIN_MS = 40_000;

export interface ProgramOptions {
  readonly role: Role;
  readonly configPath: string;
  /** gRPC address of a socket with Identity. */
  readonly endpoint: string;
  /** The program and its first arguments, or what wraps it. Default: the sources. */
  readonly program?: readonly string[];
  /** How far it has to come. Default: until it is ready. */
  readonly until?: Milestone;
  /** Variables over those of the test itself. */
  readonly environment?: Readonly<Record<string, string>>;
}

type Milestone = 'started' | 'serving' | 'ready';

/** One of our programs in a process of its own. Disposing stops it in order. */
export interface Program extends AsyncDisposable {
  readonly pid: number;
  readonly identity: RpcClient<IdentityDefinition>;
  /** From the start of the process to the first answer of Probe, and to the first that says ready. */
  readonly startup: { readonly servingMs: number; readonly readyMs: number };
  /** Resolves with the exit code once it has ended by itself or otherwise; undefined when a signal ended it. */
  readonly ended: Promise<number | undefined>;
  /** Everything that it has printed, line by line. */
  logs(): readonly string[];
  /** Stops reading what it prints, for good: its writes fail from then on. */
  closeLogs(): void;
  /** SIGTERM; resolves with the exit code once it has ended, undefined when a signal ended it. Killed when it takes too long. */
  stop(): Promise<number | undefined>;
  /** SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: it says nothing for a while. */
  freeze(): void;
  thaw(): void;
}

/** Starts the program and waits until Probe says that it is ready, unless it need not come so far. Throws with its log when it ends or does not come so far in time. */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const { role, configPath, endpoint, program = [process.execPath, SOURCE], until = 'ready' } = options;
  const startedAt = performance.now();
  const [command = process.execPath, ...args] = program;
  const child = spawn(command, [...args, role, '--config', configPath], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.environment },
  });
  const log = collectLines(child);
  const identity = createClient(loadCsiServiceTypes().Identity, endpoint);
  const ended = once(child, 'exit').then(([code]) => (typeof code === 'number' ? code : undefined));
  try {
    if (until === 'started') return createHandle({ child, identity, startup: NEVER, log, ended });
    const startup = await untilReady(identity, { startedAt, ended, log, until });
    return createHandle({ child, identity, startup, log, ended });
  } catch (cause) {
    const state = await describeProcess(child.pid);
    child.kill('SIGKILL');
    identity[Symbol.dispose]();
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The ${role} did not start: ${message} (${state})\n${log.lines().join('\n')}`, { cause });
  }
}

/** What the kernel says of a process that does not do what it should. */
async function describeProcess(pid: number | undefined): Promise<string> {
  try {
    const tasks = await readdir(`/proc/${pid}/task`);
    const states = tasks.map(async (task) => {
      const status = await readFile(`/proc/${pid}/task/${task}/status`, 'utf8');
      const place = await readFile(`/proc/${pid}/task/${task}/wchan`, 'utf8').catch(() => '');
      return `${/^State:\s*(\S)/m.exec(status)?.[1] ?? '?'} ${place}`;
    });
    return (await Promise.all(states)).join(', ');
  } catch {
    return 'it has ended';
  }
}

const NEVER: Program['startup'] = {
  servingMs: Number.POSITIVE_INFINITY,
  readyMs: Number.POSITIVE_INFINITY,
};

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
  readonly until: Milestone;
}

/** The program says in its log when it serves and when it is ready; Probe has to say the same. */
async function untilReady(
  identity: RpcClient<IdentityDefinition>,
  { startedAt, ended, log, until }: Start,
): Promise<Program['startup']> {
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
    await orFailure(untilConnected(identity));
    const servingMs = performance.now() - startedAt;
    if (until === 'serving') return { ...NEVER, servingMs };
    await orFailure(log.untilSaid('ready'));
    const { ready } = await orFailure(identity.Probe({}));
    if (ready?.value === false) throw new Error('it says in its log that it is ready, but Probe does not');
    return { servingMs, readyMs: performance.now() - startedAt };
  } finally {
    clearTimeout(timer);
  }
}

/** Other clients of an earlier process at this address may make gRPC wait a little before it connects again. */
async function untilConnected(identity: RpcClient<IdentityDefinition>): Promise<void> {
  while (true) {
    try {
      await identity.Probe({});
      return;
    } catch (error) {
      if (!isDriverError(error, 'POOL_UNAVAILABLE')) throw error;
      await sleep(20);
    }
  }
}

interface Parts {
  readonly child: ChildProcess;
  readonly identity: RpcClient<IdentityDefinition>;
  readonly startup: Program['startup'];
  readonly log: Log;
  readonly ended: Promise<number | undefined>;
}

function createHandle({ child, identity, startup, log, ended }: Parts): Program {
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | undefined> => {
    identity[Symbol.dispose]();
    child.kill('SIGCONT');
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
    identity,
    startup,
    ended,
    logs: () => log.lines(),
    closeLogs: () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    },
    stop: () => end('SIGTERM'),
    kill: async () => {
      await end('SIGKILL');
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    [Symbol.asyncDispose]: async () => {
      await end('SIGTERM');
    },
  };
}
