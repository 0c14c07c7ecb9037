import { type ChildProcess, spawn } from 'node:child_process';
import type { Logger } from '../observability/logger.ts';
import { BoundedOutput } from './bounded-output.ts';
import { CommandError, type CommandFailure } from './command-error.ts';
import type { Command, CommandResult, Commands } from './host.ts';
import { ProcessGroup } from './process-group.ts';

const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const MAX_OUTPUT_BYTES = 64 * 1024;
/** How long output is awaited after the child has ended: a process that it left behind may hold the pipes open. */
const OUTPUT_GRACE_MS = 100;

export interface CommandsDependencies {
  readonly logger: Logger;
  /** Where programs are looked for. Default: the usual directories of a Linux system. */
  readonly searchPath?: string;
  /** From SIGTERM to SIGKILL, and again from there until the child is abandoned. Default: 2 s. */
  readonly killGraceMs?: number;
}

/** Runs programs. See the contract in host.ts. */
export function createCommands(dependencies: CommandsDependencies): Commands {
  const { logger, searchPath = SEARCH_PATH, killGraceMs = 2000 } = dependencies;

  async function run(command: Command, signal: AbortSignal): Promise<CommandResult> {
    signal.throwIfAborted();
    const running = start(command, searchPath);
    using stop = stopOn(command, signal);
    const ended = await Promise.race([running.ended, stop.reason]);
    if (typeof ended === 'object') return finish(command, running, ended);
    const group = new ProcessGroup(running.child, killGraceMs);
    const isGone = await group.kill(running.ended);
    const { pid } = running.child;
    if (!isGone) logger.error('A command cannot be killed', { program: command.argv[0], pid });
    release(running.child);
    throw new CommandError({
      argv: command.argv,
      [ended]: true,
      signal: running.child.signalCode ?? undefined,
      abandonedPid: isGone ? undefined : pid,
      stderr: running.stderr.toString(),
      cause: ended === 'isAborted' ? signal.reason : undefined,
    });
  }

  return { run };
}

interface Running {
  readonly child: ChildProcess;
  readonly stdout: BoundedOutput;
  readonly stderr: BoundedOutput;
  /** Never rejects. */
  readonly ended: Promise<Ended>;
}

interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
}

function start(command: Command, searchPath: string): Running {
  const [program, ...args] = command.argv;
  const child = spawn(program, args, {
    env: { PATH: searchPath, LC_ALL: 'C' },
    cwd: '/',
    detached: true,
    stdio: [command.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const maximum = command.maxOutputBytes ?? MAX_OUTPUT_BYTES;
  const stdout = new BoundedOutput(maximum);
  const stderr = new BoundedOutput(maximum);
  child.stdout?.on('data', (chunk: Buffer) => stdout.append(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.append(chunk));
  // A child may end without reading its input; its exit code says what that means.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(command.input);
  return { child, stdout, stderr, ended: waitForEnd(child) };
}

function waitForEnd(child: ChildProcess): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  child.once('error', (error) => resolve({ exitCode: null, signal: null, error }));
  child.once('exit', (exitCode, signal) => {
    const grace = setTimeout(() => resolve({ exitCode, signal }), OUTPUT_GRACE_MS);
    child.once('close', () => {
      clearTimeout(grace);
      resolve({ exitCode, signal });
    });
  });
  return promise;
}

function stopOn(command: Command, signal: AbortSignal) {
  const { promise, resolve } = Promise.withResolvers<'timedOut' | 'isAborted'>();
  const onAbort = (): void => resolve('isAborted');
  const timer = setTimeout(() => resolve('timedOut'), command.deadlineMs);
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    reason: promise,
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    },
  };
}

function finish(command: Command, running: Running, ended: Ended): CommandResult {
  release(running.child);
  const stderr = running.stderr.toString();
  if (ended.error !== undefined) {
    const notFound = 'code' in ended.error && ended.error.code === 'ENOENT';
    throw new CommandError({ argv: command.argv, notFound, stderr, cause: ended.error });
  }
  const { exitCode } = ended;
  if (exitCode === null || !(command.okExitCodes ?? [0]).includes(exitCode)) {
    const failure: CommandFailure = {
      argv: command.argv,
      exitCode: exitCode ?? undefined,
      signal: ended.signal ?? undefined,
      stderr,
    };
    throw new CommandError(failure);
  }
  return { exitCode, stdout: running.stdout.toString(), stderr };
}

/** Lets go of pipes that something else may still hold open, and of a child that does not end. */
function release(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.stdin?.destroy();
  child.unref();
}
