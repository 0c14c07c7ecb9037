import type { z } from 'zod';
import { type CommandOptions, type CommandResult, run, tryRun } from './command.ts';
import { MACHINE_NODE } from './nodes.ts';
import { resolve } from 'node:path';

const RUN = resolve(import.meta.dirname, '../kubernetes/run');

/** An object of the Kubernetes API, as it is sent. */
export type Manifest = Readonly<Record<string, unknown>>;

/** Runs kubectl as the administrator and returns what it printed. */
export async function kubectl(args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return run(toArgv(args), options);
}

/** Runs kubectl, which may fail. */
export async function tryKubectl(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return tryRun(toArgv(args), options);
}

/** The program and arguments that are kubectl with these arguments. */
export function toArgv(args: readonly string[]): readonly string[] {
  return [RUN, MACHINE_NODE, 'kubectl', ...args];
}

/** Creates or changes objects of a namespace. */
export async function apply(namespace: string, ...objects: readonly Manifest[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  await kubectl(['apply', '--namespace', namespace, '--filename', '-'], { input });
}

/** Reads an object, or with a kind alone the list of them. Throws when it is not there. */
export async function getObject<Schema extends z.ZodType>(
  namespace: string,
  what: readonly string[],
  schema: Schema,
): Promise<z.infer<Schema>> {
  const printed = await kubectl(['get', '--namespace', namespace, '--output', 'json', ...what]);
  return schema.parse(JSON.parse(printed));
}

/** Waits for a condition of `kubectl wait`, for instance `condition=Ready`; `what` is `pod/NAME`. Throws with the object's events. */
export async function waitFor(
  namespace: string,
  what: string,
  condition: string,
  seconds = 120,
): Promise<void> {
  const waiting = ['wait', '--namespace', namespace, `--for=${condition}`, `--timeout=${seconds}s`, what];
  const result = await tryKubectl(waiting, { deadlineMs: (seconds + 30) * 1000 });
  if (result.exitCode === 0) return;
  const { stdout } = await tryKubectl(['describe', '--namespace', namespace, what]);
  const events = await tryKubectl(['events', '--namespace', namespace]);
  throw new Error(`${what} is not ${condition}: ${result.stderr}\n${stdout}\n${events.stdout}`);
}

/** Runs a script of sh in a pod and returns what it printed. Throws when it fails. */
export async function runInPod(
  namespace: string,
  pod: string,
  script: string,
  options: CommandOptions = {},
): Promise<string> {
  return kubectl(['exec', '--stdin', '--namespace', namespace, pod, '--', 'sh', '-ec', script], options);
}

/** Runs a script of sh in a pod, which may fail. */
export async function tryInPod(namespace: string, pod: string, script: string): Promise<CommandResult> {
  return tryKubectl(['exec', '--namespace', namespace, pod, '--', 'sh', '-ec', script]);
}
