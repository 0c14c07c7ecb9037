import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** How a program is run. */
export interface CommandOptions {
  /** What it reads; nothing by default. */
  readonly input?: string;
  /** Default: two minutes. */
  readonly deadlineMs?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** How a program ended. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const DEADLINE_MS = 120_000;

/** Runs a program and returns what it printed. Throws, with its messages, when it fails or takes longer than the deadline. */
export async function run(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await tryRun(argv, options);
  if (exitCode !== 0) {
    throw new Error(`${argv.join(' ')} ended with ${exitCode}:\n${stderr}${stdout.slice(-8192)}`);
  }
  return stdout;
}

/** Runs a program and tells how it ended; a killed one ends with 137. Throws at the deadline, or when it cannot be started. */
export async function tryRun(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const [program = '', ...args] = argv;
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  // A group of its own: what it has started dies with it.
  const child = spawn(program, args, {
    detached: true,
    env: { ...process.env, ...options.environment },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const { promise: ended, resolve, reject } = Promise.withResolvers<number>();
  const timer = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    reject(new Error(`${argv.join(' ')} took longer than ${deadlineMs} ms.`));
  }, deadlineMs);
  child.once('error', reject).once('close', (code) => resolve(code ?? 137));
  // A program that does not read its input to the end closes it, which is its business.
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  try {
    const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
    return { exitCode, stdout, stderr };
  } finally {
    clearTimeout(timer);
  }
}
