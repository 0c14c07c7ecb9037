/**
 * `make demo-nodes`: one controller and three nodes as processes of this machine, each node with a pool of its own, with mutual TLS
 * between them. Volumes go where they are asked for, content goes from node to node, a node is lost and comes back. Proves at the end
 * that nothing is left. With --keep the processes go on, and how to talk to them is printed.
 */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeScratchDirectory } from '../test/support/scratch.ts';
import { findLeftovers, type Leftovers } from './demo/leftovers.ts';
import { type DemoNode, type NodesScene, POOL, startNodesScene } from './demo/nodes-scene.ts';
import { cleanUp, showLoss, showPlacement, showSilence } from './demo/nodes-story.ts';
import { Steps } from './demo/steps.ts';
import { countLeft, describeLeftovers, printSummary } from './demo/summary.ts';

async function main(keep: boolean): Promise<number> {
  if (process.getuid?.() !== 0) {
    console.error('The demonstration mounts file systems: run it as root, for instance with sudo.');
    return 1;
  }
  const scratch = await makeScratchDirectory();
  console.log(`Stowage demonstration of several nodes in ${scratch.path}\n`);
  try {
    const steps = new Steps();
    const scene = await steps.run(
      'make certificates, start three nodes, a controller',
      () => startNodesScene(scratch.path),
      ({ controller }) => `controller serving after ${controller.program.startup.servingMs.toFixed(0)} ms`,
    );
    const left = await show(scene, steps);
    printSummary(steps.outcomes, left);
    if (keep) await leaveRunning(scratch.path, scene);
    return countLeft(left) === 0 ? 0 : 1;
  } finally {
    if (!keep) await scratch[Symbol.asyncDispose]();
  }
}

async function show(scene: NodesScene, steps: Steps): Promise<Leftovers> {
  const nodes = [scene.alpha, scene.beta, scene.gamma];
  try {
    console.log(`\n${indent(await scene.run('pools'))}\n`);
    const story = { scene, steps };
    const volumes = await showPlacement(story);
    await showSilence(story, volumes);
    await showLoss(story, volumes);
    await cleanUp(story, volumes);
    console.log(`\n${indent(await scene.run('pools'))}\n`);
    return await steps.run('look for what is left', () => findAllLeftovers(nodes), describeLeftovers);
  } catch (error) {
    for (const { name, program } of [scene.controller, ...nodes.map(({ member }) => member)]) {
      console.error(`\nThe last lines of the log of ${name}:\n${program.logs().slice(-10).join('\n')}`);
    }
    throw error;
  } finally {
    await scene[Symbol.asyncDispose]();
  }
}

async function findAllLeftovers(nodes: readonly DemoNode[]): Promise<Leftovers> {
  const all = await Promise.all(nodes.map(({ pool, pods }) => findLeftovers(pool, pods)));
  return {
    mounts: all.flatMap(({ mounts }) => mounts),
    loops: all.flatMap(({ loops }) => loops),
    files: all.flatMap(({ files }, index) => files.map((file) => join(nodes[index]?.name ?? '', file))),
  };
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

/** Starts everything again, detached from this process, on the same pools. */
async function leaveRunning(directory: string, scene: NodesScene): Promise<void> {
  const cli = resolve(import.meta.dirname, '../src/main/cli.ts');
  const nodes = [scene.alpha, scene.beta, scene.gamma].map(({ member }) => member);
  const pids: number[] = [];
  for (const [role, members] of [['node', nodes] as const, ['controller', [scene.controller]] as const]) {
    for (const { name, configPath } of members) {
      await using log = await open(join(directory, `${name}.log`), 'a');
      const child = spawn(process.execPath, [cli, role, '--config', configPath], {
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
      });
      child.unref();
      pids.push(child.pid ?? 0);
    }
  }
  const socket = scene.controller.endpoint.replace('unix://', '');
  console.log(`
Three nodes and a controller go on as the processes ${pids.join(' ')}; their logs are ${directory}/*.log.
Talk to them, for instance with grpcurl:
  node src/main/cli.ts pools --config ${scene.controller.configPath}
  grpcurl -plaintext -unix -import-path proto -proto csi/v1/csi.proto ${socket} csi.v1.Controller/ListVolumes
Volumes take the parameter pool=${POOL}. End them and remove everything:
  kill ${pids.join(' ')}; sleep 2; umount -q ${directory}/pools/*; losetup -nO NAME,BACK-FILE | awk '$2 ~ "^${directory}" {print $1}' | xargs -rn1 losetup -d; rm -r ${directory}`);
}

try {
  process.exitCode = await main(process.argv.includes('--keep'));
} catch (error) {
  console.error(`The demonstration failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
