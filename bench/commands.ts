import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Runs a program to its end, as a driver that works by command lines would. Throws when it fails. */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await exec(program, [...args], { maxBuffer: 2 ** 24 });
  return stdout;
}
