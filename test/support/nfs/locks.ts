import type { Machine } from './machine.ts';

const WITHIN_MS = 60_000;
const IS_HELD = 9;

/** Takes the lock of a file, which it makes, in a program of its own, and holds it until it is disposed. */
export async function holdLock(machine: Machine, path: string): Promise<AsyncDisposable> {
  const holder = machine.start(['flock', '--no-fork', path, 'sh', '-c', 'echo locked; exec sleep 1000']);
  if (await holder.says('locked', WITHIN_MS)) return holder;
  holder.abandon();
  throw new Error(`No lock of ${path} within ${WITHIN_MS} ms. ${holder.output()}`);
}

/** Whether somebody else holds the lock of a file. */
export async function isLocked(machine: Machine, path: string): Promise<boolean> {
  const words = ['flock', '--nonblock', '--conflict-exit-code', `${IS_HELD}`, path, 'true'];
  await using tried = machine.start(words);
  if (!(await tried.endsWithin(WITHIN_MS))) throw new Error(`Nothing is said of the lock of ${path}.`);
  const { exitCode, stderr } = await tried.ended;
  if (exitCode !== 0 && exitCode !== IS_HELD)
    throw new Error(`The lock of ${path} cannot be tried: ${stderr}`);
  return exitCode === IS_HELD;
}
