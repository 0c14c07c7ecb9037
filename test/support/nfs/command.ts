import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

/** Much longer than any of them takes on a machine that does nothing else. */
const DEADLINE_MS = 60_000;

/** How a command ended. */
export interface CommandResult {
  /** 128 and more when a signal ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command gets. */
export interface CommandOptions {
  /** For `runCommand`: when it is killed and given up. Default: a minute. */
  readonly deadlineMs?: number;
  /** Variables over those of the test itself. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A command that runs, and may hang on a server that does not answer. */
export interface Command extends AsyncDisposable {
  readonly pid: number;
  readonly argv: readonly string[];
  readonly ended: Promise<CommandResult>;
  /** What it has printed so far. */
  output(): string;
  /** Whether it prints this text within this time, or has done so. */
  says(text: string, ms: number): Promise<boolean>;
  /** Whether it ends, in whatever way, within this time. */
  endsWithin(ms: number): Promise<boolean>;
  /** SIGKILL, and no further interest in it: where it hangs in the kernel it may live on. Disposing does the same. */
  abandon(): void;
}

/** Starts a program. Throws when it cannot be started. Nothing here waits for it unless it is asked to. */
export function startCommand(argv: readonly string[], options: CommandOptions = {}): Command {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.environment },
  });
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const output = (): string => stdout() + stderr();
  const { pid } = child;
  // `close` comes after the last output; `exit` does when a child of it keeps the pipes open.
  const ended = once(child, 'close').then(([code]) => ({
    exitCode: typeof code === 'number' ? code : 137,
    stdout: stdout(),
    stderr: stderr(),
  }));
  ended.catch(() => undefined);
  if (pid === undefined) throw new Error(`Cannot start ${argv.join(' ')}.`);
  const abandon = (): void => {
    child.kill('SIGKILL');
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  };
  return {
    pid,
    argv,
    ended,
    output,
    says: async (text, ms) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const look = (): void => {
        if (output().includes(text)) resolve();
      };
      child.stdout.on('data', look);
      look();
      return await settlesWithin(promise, ms);
    },
    endsWithin: (ms) => settlesWithin(ended, ms),
    abandon,
    [Symbol.asyncDispose]: async () => abandon(),
  };
}

/** Runs a program and hands back what it printed. Throws when it fails, and when it does not end in time: it is abandoned then. */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const command = startCommand(argv, options);
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  if (!(await command.endsWithin(deadlineMs))) {
    command.abandon();
    throw new Error(`${argv.join(' ')}: not ended within ${deadlineMs} ms. ${command.output()}`);
  }
  const { exitCode, stdout, stderr } = await command.ended;
  if (exitCode !== 0) throw new Error(`${argv.join(' ')}: exit code ${exitCode}. ${stderr}${stdout}`);
  return stdout;
}

function collect(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: late, resolve: giveUp } = Promise.withResolvers<boolean>();
  const timer = setTimeout(giveUp, ms, false);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
