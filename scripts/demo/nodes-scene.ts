import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createKubelet, type Kubelet } from '../../test/support/kubelet.ts';
import {
  type ControllerMember,
  type NodeMember,
  startSplitCluster,
} from '../../test/support/split-cluster.ts';

const exec = promisify(execFile);
const CLI = resolve(import.meta.dirname, '../../src/main/cli.ts');

/** The pool that each node has. */
export const POOL = 'fast';

/** One node of the demonstration, with the kubelet that would run beside it. */
export interface DemoNode {
  readonly name: string;
  readonly member: NodeMember;
  readonly kubelet: Kubelet;
  /** Where its pool is. */
  readonly pool: string;
  /** Where its pods would have their volumes. */
  readonly pods: string;
}

/** A controller and three nodes, as processes of this machine. Disposing ends them in order. */
export interface NodesScene extends AsyncDisposable {
  readonly controller: ControllerMember;
  readonly alpha: DemoNode;
  readonly beta: DemoNode;
  readonly gamma: DemoNode;
  /** Runs a command of the program with the controller's configuration, and returns what it printed. */
  run(...args: readonly string[]): Promise<string>;
}

/** Makes the certificates and the pools, and starts all. Two pools are an xfs in a file, one is a directory. */
export async function startNodesScene(directory: string): Promise<NodesScene> {
  const plain = join(directory, 'pools/gamma');
  await mkdir(plain, { recursive: true });
  const toFile = (name: string) => ({
    name: POOL,
    path: join(directory, 'pools', name),
    backing: { type: 'file', path: join(directory, `${name}.img`), size: '3Gi', sparse: true },
  });
  const pools = { alpha: toFile('alpha'), beta: toFile('beta'), gamma: { name: POOL, path: plain } };
  const nodes = Object.entries(pools).map(([name, pool]) => ({ name, pools: [pool] }));
  const cluster = await startSplitCluster({ directory: join(directory, 'cluster'), nodes });
  const controller = getMember(cluster.controllers, 'controller-1');
  const toNode = async (name: keyof typeof pools): Promise<DemoNode> => {
    const member = getMember<NodeMember>(cluster.nodes, name);
    const pods = join(directory, 'pods', name);
    const kubelet = await createKubelet({
      controller: controller.controller,
      node: member.node,
      directory: pods,
    });
    return { name, member, kubelet, pool: pools[name].path, pods };
  };
  return {
    controller,
    alpha: await toNode('alpha'),
    beta: await toNode('beta'),
    gamma: await toNode('gamma'),
    async run(...args) {
      const { stdout } = await exec(process.execPath, [CLI, ...args, '--config', controller.configPath]);
      return stdout.trimEnd();
    },
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

function getMember<M extends { readonly name: string }>(members: readonly M[], name: string): M {
  const found = members.find((member) => member.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}
