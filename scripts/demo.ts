/**
 * `make demo`: a scratch pool, the real all-in-one server, and a CSI client that takes volumes through their whole life.
 * Proves at the end that nothing is left. With --keep the server goes on, and how to talk to it is printed.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createKubelet } from '../test/support/kubelet.ts';
import { startServer, type TestServer } from '../test/support/server.ts';
import { findMountsAndLoops, findPoolFiles, type Leftovers } from './demo/leftovers.ts';
import { showBlockVolume, showMountedVolume } from './demo/life.ts';
import { formatMs, type StepOutcome, Steps } from './demo/steps.ts';

const POOL = 'scratch';
const run = promisify(execFile);

async function main(keep: boolean): Promise<number> {
  if (process.getuid?.() !== 0) {
    console.error('The demonstration mounts file systems: run it as root, for instance with sudo.');
    return 1;
  }
  const directory = await mkdtemp('/var/tmp/stowage-demo-');
  const pool = join(directory, 'pool');
  console.log(`Stowage demonstration in ${directory}\n`);
  try {
    const steps = new Steps();
    const left = await show({ directory, pool, steps });
    printSummary(steps.outcomes, left);
    const isClean = Object.values(left).every((found: readonly string[]) => found.length === 0);
    if (keep) return await leaveRunning(directory, pool);
    return isClean ? 0 : 1;
  } finally {
    if (!keep) await tearDown(directory);
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
    const kubelet = await createKubelet({ ...server, directory: join(directory, 'kubelet') });
    const demo = { server, kubelet, steps, parameters: { pool: POOL } };
    await showMountedVolume(demo);
    await showBlockVolume(demo);
    return await steps.run('look for what is left', () => findLeftovers(directory, pool), describeLeftovers);
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

/** The pool itself stays mounted for as long as there is one; everything else counts. */
async function findLeftovers(directory: string, pool: string): Promise<Leftovers> {
  const files = await findPoolFiles(pool);
  const { mounts, loops } = await findMountsAndLoops(directory);
  return {
    mounts: mounts.filter((mountPoint) => mountPoint !== pool),
    loops: loops.filter(({ file }) => file !== toPoolFile(directory)).map(({ device }) => device),
    files,
  };
}

function describeLeftovers({ mounts, loops, files }: Leftovers): string {
  return `${mounts.length} mounts, ${loops.length} loop devices, ${files.length} files`;
}

function printSummary(outcomes: readonly StepOutcome[], left: Leftovers): void {
  const total = outcomes.reduce((sum, { ms }) => sum + ms, 0);
  const slowest = outcomes.toSorted((a, b) => b.ms - a.ms).slice(0, 3);
  console.log('\nSummary');
  console.log(`  steps                ${outcomes.length}, all as they should be`);
  console.log(`  time in all       ${formatMs(total)}`);
  for (const { title, ms } of slowest) console.log(`  slowest           ${formatMs(ms)}  ${title}`);
  console.log(`  left behind          ${describeLeftovers(left)}`);
  for (const found of [...left.mounts, ...left.loops, ...left.files]) console.log(`    ${found}`);
}

/** Starts the server again, detached from this process, on the same pool. */
async function leaveRunning(directory: string, pool: string): Promise<number> {
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
  return 0;
}

async function tearDown(directory: string): Promise<void> {
  const { mounts } = await findMountsAndLoops(directory);
  for (const mountPoint of mounts.toReversed()) await run('umount', [mountPoint]);
  const { loops } = await findMountsAndLoops(directory);
  for (const { device } of loops) await run('losetup', ['-d', device]);
  await rm(directory, { recursive: true, force: true });
}

process.exitCode = await main(process.argv.includes('--keep'));
