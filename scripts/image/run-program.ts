import { spawn } from 'node:child_process';

const DEADLINE_MS = 15 * 60_000;

/** Runs a program whose output goes to ours. Throws when it fails, or has not ended after a quarter of an hour. */
export async function runProgram(argv: readonly [program: string, ...args: string[]]): Promise<void> {
  const [program, ...args] = argv;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL',
    // The same bytes whenever it runs: tools take this time instead of the clock's.
    env: { ...process.env, SOURCE_DATE_EPOCH: '0', LC_ALL: 'C.UTF-8' },
  });
  child.once('error', (cause) => reject(new Error(`${program} cannot be run: ${cause.message}`, { cause })));
  child.once('close', (code, signal) => {
    if (code === 0) resolve();
    else reject(new Error(`${program} ended with ${signal ?? `exit code ${code}`}.`));
  });
  await promise;
}
