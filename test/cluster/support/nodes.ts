import { resolve } from 'node:path';
import { type CommandOptions, run } from './command.ts';

const SCRIPTS = resolve(import.meta.dirname, '../kubernetes');
const BUILDS_WITHIN_MS = 45 * 60_000;
const STARTS_WITHIN_MS = 10 * 60_000;

/** Which kernel a node has: the machine's own, or that of a User-mode Linux. */
export type NodeKind = 'machine' | 'uml';

/** The nodes of the cluster that the tests use, in the order of their names: node1 (with the control plane), node2, node3. */
export const NODE_KINDS = ['machine', 'uml', 'machine'] as const satisfies readonly NodeKind[];
/** A node on the machine's kernel, which has no project quotas. */
export const MACHINE_NODE = 'node1';
/** The node that is a User-mode Linux: it has project quotas, and its power can be cut. */
export const UML_NODE = 'node2';
/** The second node on the machine's kernel. */
export const OTHER_MACHINE_NODE = 'node3';

/** Builds what the cluster is made of, unless it is there. */
export async function buildCluster(): Promise<void> {
  await run([`${SCRIPTS}/build`], { deadlineMs: BUILDS_WITHIN_MS });
}

/** Removes what a former cluster left, and starts one with these nodes. */
export async function startCluster(kinds: readonly NodeKind[]): Promise<void> {
  await run([`${SCRIPTS}/up`, ...kinds], { deadlineMs: STARTS_WITHIN_MS });
}

/** Gives the images that were made since to every node. */
export async function importImages(kinds: readonly NodeKind[]): Promise<void> {
  for (const index of kinds.keys()) {
    await run([`${SCRIPTS}/node`, 'import-images', `node${index + 1}`], { deadlineMs: STARTS_WITHIN_MS });
  }
}

/** Ends the cluster and removes all of it but its logs. Throws when anything else is left. */
export async function stopCluster(): Promise<void> {
  await run([`${SCRIPTS}/down`, '--quiet', '--keep-logs']);
}

/** Runs a program on a node, with root's rights. */
export async function runOnNode(
  node: string,
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  return run([`${SCRIPTS}/run`, node, ...argv], options);
}

/** Takes the power of a node away, which has to be a User-mode Linux: what it had not written to its disks is gone. */
export async function cutPower(node: string): Promise<void> {
  await run([`${SCRIPTS}/node`, 'cut-power', node]);
}

/** Boots a node whose power was cut, and waits until the cluster has it back. */
export async function bootNode(node: string): Promise<void> {
  await run([`${SCRIPTS}/node`, 'boot', node], { deadlineMs: STARTS_WITHIN_MS });
}

/** Kills a daemon of a node, the kubelet for instance; nothing starts it again by itself. */
export async function killDaemon(node: string, name: string): Promise<void> {
  await run([`${SCRIPTS}/node`, 'kill-daemon', node, name]);
}

/** Starts a daemon that was killed. */
export async function startDaemon(node: string, name: string): Promise<void> {
  await run([`${SCRIPTS}/node`, 'start-daemon', node, name]);
}
