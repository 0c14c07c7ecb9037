/**
 * `make demo`: a scratch pool, the real all-in-one server, and a CSI client that takes volumes through their whole life.
 * Proves at the end that nothing is left. With --keep the server goes on, and how to talk to it is printed.
 */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createKubelet } from '../test/support/kubelet.ts';
import { makeScratchDirectory } from '../test/support/scratch.ts';
import { startServer, type TestServer } from '../test/support/server.ts';
import { findLeftovers, type Leftovers } from './demo/leftovers.ts';
import { showBlockVolume, showMountedVolume } from './demo/life.ts';
import { Steps } from './demo/steps.ts';
import { countLeft, describeLeftovers, printSummary } from './demo/summary.ts';

const POOL = 'scratch';

async function main(keep: boolean): Promise<number> {
  if (process.getuid?.() !== 0) {
    console.error('The demonstration mounts file systems: run it as root, for instance with sudo.');
    return 1;
  }
  const scratch = await makeScratchDirectory();
  const directory = scratch.path;
  const pool = join(directory, 'pool');
  console.log(`Stowage demonstration in ${directory}\n`);
  try {
    const steps = new Steps();
    const left = await show({ directory, pool, steps });
    printSummary(steps.outcomes, left);
    if (keep) await leaveRunning(directory, pool);
    return countLeft(left) === 0 ? 0 : 1;
  } finally {
    if (!keep) await scratch[Symbol.asyncDispose]();
  }
}

async function show(scene: { directory: string; pool: string; steps: Steps }): Promise<Leftovers> {
  const { directory, pool, steps } = scene;
  const server = await steps.run(
    'start the server, make its pool',
    () => startDemoServer(directory, pool),
    ({ startup }) => `xfs in a file; serving after ${startup.servingMs.toFixed(0)} ms`,
  );
  try {
    const pods = join(directory, 'pods');
    const kubelet = await createKubelet({ ...server, directory: pods });
    const demo = { server, kubelet, steps, parameters: { pool: POOL } };
    await showMountedVolume(demo);
    await showBlockVolume(demo);
    return await steps.run('look for what is left', () => findLeftovers(pool, pods), describeLeftovers);
  } catch (error) {
    console.error(`\nThe last lines of the server's log:\n${server.logs().slice(-20).join('\n')}`);
    throw error;
  } finally {
    await server.stop();
  }
}

function startDemoServer(directory: string, path: string): Promise<TestServer> {
  const backing = { type: 'file', path: toPoolFile(directory), size: '4Gi' };
  return startServer({ directory: join(directory, 'server'), pools: [{ name: POOL, path, backing }] });
}

function toPoolFile(directory: string): string {
  return join(directory, 'pool.img');
}

/** Starts the server again, detached from this process, on the same pool. */
async function leaveRunning(directory: string, pool: string): Promise<void> {
  const config = join(directory, 'server', 'stowage.yaml');
  const socket = join(directory, 'server', 'sockets', 'all', 'csi.sock');
  const logPath = join(directory, 'server.log');
  await using log = await open(logPath, 'a');
  const cli = resolve(import.meta.dirname, '../src/main/cli.ts');
  const child = spawn(process.execPath, [cli, 'all-in-one', '--config', config], {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  child.unref();
  console.log(`
The server goes on as process ${child.pid}; its log is ${logPath}.
Talk to it with any gRPC client, for instance grpcurl:
  grpcurl -plaintext -unix -import-path proto -proto csi/v1/csi.proto ${socket} csi.v1.Identity/GetPluginInfo
  grpcurl -plaintext -unix -import-path proto -proto csi/v1/csi.proto ${socket} csi.v1.Controller/ListVolumes
Volumes of its pool take the parameter pool=${POOL}. End it and remove everything:
  kill ${child.pid}; umount ${pool}; losetup -j ${toPoolFile(directory)} -nO NAME | xargs -r losetup -d; rm -r ${directory}`);
}

try {
  process.exitCode = await main(process.argv.includes('--keep'));
} catch (error) {
  console.error(`The demonstration failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
