/**
 * `make demo-nfs`: an NFS server with its agent in one User-mode Linux, a controller and two nodes in another, on the kernel's own NFS. A volume
 * that two nodes share, with a size that holds, instant snapshots, and a server that is frozen, thawed, and loses its power. Proves at the
 * end that nothing is left.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createNfsTier } from '../test/support/nfs/tier.ts';
import { BUNDLE } from './demo/nfs-scene.ts';
import { Steps } from './demo/steps.ts';

const SCRATCH_MIB = 4096;
const DEADLINE_MS = 900_000;

async function main(): Promise<number> {
  if (process.getuid?.() !== 0) {
    console.error(
      'The demonstration boots guests on a network of their own: run it as root, for instance with sudo.',
    );
    return 1;
  }
  console.log('Stowage demonstration of NFS, in two guests of User-mode Linux\n');
  // In a guest, a bundle starts many times faster than the sources.
  await promisify(execFile)(process.execPath, ['scripts/build.ts']);
  await using tier = await createNfsTier({ program: BUNDLE });
  await new Steps().run(
    'boot the server: an xfs, exported, and its agent',
    () => tier.server.boot(),
    () => 'Linux of its own',
  );
  return await tier.runClient({
    command: ['node', 'scripts/demo/nfs-guest.ts'],
    scratchMiB: SCRATCH_MIB,
    deadlineMs: DEADLINE_MS,
    onSaid: console.log,
    collect: async (_exchange, { exitCode, output }) => {
      if (exitCode !== 0)
        console.error(`\nThe end of the console of the nodes' guest:\n${output.slice(-8_000)}`);
      return await Promise.resolve(exitCode);
    },
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`The demonstration failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
