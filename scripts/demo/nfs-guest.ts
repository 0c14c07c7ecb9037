/** What the guest of `make demo-nfs` runs: it starts the nodes, and tells the story line by line to the machine. */
import { connectServerControl } from '../../test/support/nfs/server-control.ts';
import { findNfsLeftovers } from './nfs-leftovers.ts';
import { startNfsScene } from './nfs-scene.ts';
import { cleanUpNfs, showFrozenServer, showPowerCut, showSharing, showSnapshot } from './nfs-story.ts';
import { Steps } from './steps.ts';
import { countLeft, describeLeftovers, printSummary } from './summary.ts';

async function main(): Promise<number> {
  using server = connectServerControl();
  const steps = new Steps(server.say);
  const scene = await steps.run(
    'start two nodes, a controller; open three pools',
    () => startNfsScene(server),
    ({ cluster }) => `controller serving after ${cluster.controllerProgram.startup.servingMs.toFixed(0)} ms`,
  );
  try {
    const story = { scene, steps };
    const shared = await showSharing(story);
    const restored = await showSnapshot(story, shared);
    await showFrozenServer(story, shared);
    await showPowerCut(story, shared);
    await cleanUpNfs(story, shared, restored);
    const left = await steps.run('look for what is left', () => findNfsLeftovers(scene), describeLeftovers);
    printSummary(steps.outcomes, left, server.say);
    return countLeft(left) === 0 ? 0 : 1;
  } catch (error) {
    console.error(scene.cluster.logs().split('\n').slice(-40).join('\n'));
    throw error;
  } finally {
    // A node that ends waits for nobody, and least of all for a server that is away.
    await server.boot();
    await scene[Symbol.asyncDispose]();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error('The demonstration failed:', error);
  process.exitCode = 1;
}
