/**
 * One cluster for all tests: built, started with the driver installed, and ended after them. With STOWAGE_CLUSTER_KEEP=1 it stays, and the next
 * run uses it again with a new image of the driver: for work on the tests.
 */
import { resolve } from 'node:path';
import { run } from './support/command.ts';
import { apply, tryKubectl } from './support/kubectl.ts';
import { TEST_CLASSES } from './support/manifests.ts';
import { buildCluster, importImages, NODE_KINDS, startCluster, stopCluster } from './support/nodes.ts';
import { deleteDriverPods, installDriver } from './support/release.ts';
import { isLeftOut } from './support/time-limit.ts';

const IMAGE_SCRIPT = resolve(import.meta.dirname, '../../scripts/image.ts');
const IMAGE_WITHIN_MS = 15 * 60_000;

/** Called by vitest before the first file and, what it returns, after the last. */
export async function setup(): Promise<(() => Promise<void>) | undefined> {
  if (isLeftOut()) return undefined;
  const isKept = process.env['STOWAGE_CLUSTER_KEEP'] === '1';
  await buildCluster();
  await run([process.execPath, IMAGE_SCRIPT], { deadlineMs: IMAGE_WITHIN_MS });
  if (isKept && (await isRunning())) {
    await importImages(NODE_KINDS);
    await deleteDriverPods();
  } else {
    await startCluster(NODE_KINDS);
  }
  try {
    await installDriver();
    await apply('default', ...TEST_CLASSES);
  } catch (error) {
    if (!isKept) await stopCluster();
    throw error;
  }
  return isKept ? undefined : stopCluster;
}

async function isRunning(): Promise<boolean> {
  const { exitCode } = await tryKubectl(['get', 'nodes']);
  return exitCode === 0;
}
