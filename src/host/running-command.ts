import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { BoundedOutput } from './bounded-output.ts';
import { CommandError } from './command-error.ts';
import type { Command, CommandResult } from './host.ts';
import { LineWatch } from './line-watch.ts';

const MAX_OUTPUT_BYTES = 64 * 1024;
/** How long output is awaited after the child has ended: a process that it left behind may hold the pipes open. */
const OUTPUT_GRACE_MS = 100;

/** A child process that was started. */
export interface RunningCommand {
  readonly child: ChildProcess;
  readonly stdout: BoundedOutput;
  readonly stderr: BoundedOutput;
  /** Never rejects. */
  readonly ended: Promise<CommandEnd>;
  /** Resolves with the error of an input that failed; else never. */
  readonly inputFailed: Promise<{ readonly inputError: unknown }>;
  /** Resolves when it said what it is given up on; else never. */
  readonly givenUp: Promise<'isGivenUp'>;
}

/** How a child process ended. */
export interface CommandEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error?: Error;
}

/** Starts a program in a process group of its own. With `collects: false` whoever starts it reads its output. */
export function startCommand(
  command: Command,
  options: { readonly searchPath: string; readonly collects: boolean },
): RunningCommand {
  const [program, ...args] = command.argv;
  const child = spawn(program, args, {
    env: { PATH: options.searchPath, LC_ALL: 'C' },
    cwd: '/',
    detached: true,
    stdio: [command.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const maximum = command.maxOutputBytes ?? MAX_OUTPUT_BYTES;
  const stdout = new BoundedOutput(maximum);
  const stderr = new BoundedOutput(maximum);
  if (options.collects) child.stdout?.on('data', (chunk: Buffer) => stdout.append(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.append(chunk));
  const givenUp = Promise.withResolvers<'isGivenUp'>();
  const { givesUpOn } = command;
  if (givesUpOn !== undefined) {
    const lines = new LineWatch((line) => {
      if (givesUpOn(line)) givenUp.resolve('isGivenUp');
    });
    child.stderr?.on('data', (chunk: Buffer) => lines.append(chunk));
  }
  const failed = Promise.withResolvers<{ readonly inputError: unknown }>();
  if (child.stdin !== null) {
    void feed(child.stdin, command.input ?? '').catch((inputError: unknown) =>
      failed.resolve({ inputError }),
    );
  }
  return {
    child,
    stdout,
    stderr,
    ended: waitForEnd(child),
    inputFailed: failed.promise,
    givenUp: givenUp.promise,
  };
}

/** The result of a command that ended by itself. Throws CommandError when that was a failure. */
export function toCommandResult(command: Command, running: RunningCommand, ended: CommandEnd): CommandResult {
  const stderr = running.stderr.toString();
  if (ended.error !== undefined) {
    const notFound = 'code' in ended.error && ended.error.code === 'ENOENT';
    throw new CommandError({ argv: command.argv, notFound, stderr, cause: ended.error });
  }
  const { exitCode } = ended;
  if (exitCode === null || !(command.okExitCodes ?? [0]).includes(exitCode)) {
    throw new CommandError({
      argv: command.argv,
      exitCode: exitCode ?? undefined,
      signal: ended.signal ?? undefined,
      stderr,
    });
  }
  return { exitCode, stdout: running.stdout.toString(), stderr };
}

/** Lets go of pipes that something else may still hold open, and of a child that does not end. */
export function releaseCommand({ child }: RunningCommand): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.stdin?.destroy();
  child.unref();
}

/** Rejects with the input's own error only: a child may end without reading it, and its exit code says what that means. */
async function feed(stdin: Writable, input: string | AsyncIterable<Uint8Array>): Promise<void> {
  stdin.on('error', () => undefined);
  if (typeof input === 'string') return void stdin.end(input);
  for await (const chunk of input) {
    // Until it is written; when the next one is asked for, its memory may be used for that.
    const { promise, resolve } = Promise.withResolvers<void>();
    stdin.write(chunk, () => resolve());
    await promise;
    if (stdin.destroyed) return;
  }
  stdin.end();
}

function waitForEnd(child: ChildProcess): Promise<CommandEnd> {
  const { promise, resolve } = Promise.withResolvers<CommandEnd>();
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
