import { expect, describe, it } from 'vitest';
import type { NodeDefinition } from '../../src/gen/csi/v1/Node.ts';
import type { RpcClient } from '../../src/rpc/client.ts';
import { type Calls, createCalls, Statistics } from '../chaos/calls.ts';
import { ChaosClient } from '../chaos/client.ts';
import { GivenUpNodes } from '../chaos/given-up-nodes.ts';
import { runMonkey } from '../chaos/monkey.ts';
import { hasMark, listDisks, type Piece, toDiskName } from '../chaos/pieces.ts';
import { createPods } from '../chaos/pods.ts';
import { type ChaosScene, startChaosScene } from '../chaos/scene.ts';
import { listLoopsBelow, listMountPointsBelow, skipsRootTests } from '../support/scratch.ts';
import { createSeededRandom } from '../support/seeded-random.ts';
import type { Member } from '../support/split-cluster.ts';

const CLIENTS = 8;
/** CHAOS_SECONDS makes it longer; CHAOS_SEED repeats the choices, though not their timing. */
const SECONDS = Number(process.env['CHAOS_SECONDS'] ?? 60);
const SEED = process.env['CHAOS_SEED'] ?? String(Math.floor(Math.random() * 1e9));
/** Every other seed gives nodes up as well; then no volume is left to the driver to place, since of one name there may be two after that. */
const GIVES_UP = createSeededRandom('given up', SEED).chance(0.5);
/** Time for what is under way when the trouble ends. */
const SETTLES_WITHIN_MS = 240_000;
/** A cut that a volume was read from stays for a minute after that, and whatever is removed has to wait for its turn in the trash. */
const GONE_WITHIN_MS = 180_000;

describe.skipIf(skipsRootTests())('controllers and nodes that are killed and frozen', () => {
  it(`lose nothing and leave nothing, in ${SECONDS} s with seed ${SEED}`, {
    timeout: SECONDS * 1000 + 2 * SETTLES_WITHIN_MS + 2 * GONE_WITHIN_MS + 120_000,
  }, async () => {
    await using scene = await startChaosScene();
    const statistics = new Statistics();
    const givenUp = new GivenUpNodes();
    const clients = createClients(scene, { statistics, givenUp });

    await runChaos(scene, clients, { statistics, givenUp });
    for (const client of clients) await client.stopPods();
    expect(await listMountPointsBelow(scene.podDirectory)).toEqual([]);
    const pieces = clients.flatMap((client) => [...client.pieces.values()]);
    process.stdout.write(`chaos: seed ${SEED}, ${pieces.length} pieces at the end; ${String(statistics)}\n`);

    await checkAll(scene, pieces);
    for (const client of clients) await client.removeAll();
    await checkAll(scene, []);
    for (const path of scene.pools.values()) expect(await listLoopsBelow(path)).toEqual([]);
  });
});

interface Shared {
  readonly statistics: Statistics;
  readonly givenUp: GivenUpNodes;
}

function createClients(scene: ChaosScene, shared: Shared): ChaosClient[] {
  const { cluster, pools, directoryNode, podDirectory } = scene;
  const giveUpAt = performance.now() + SECONDS * 1000 + SETTLES_WITHIN_MS;
  return Array.from({ length: CLIENTS }, (_, index) => {
    const random = createSeededRandom('chaos', SEED, index);
    const patience = { ...shared, random, giveUpAt: () => giveUpAt };
    const calls = createCalls({
      ...patience,
      clients: cluster.controllers.map(({ controller }) => controller),
    });
    const kubelets = new Map(
      cluster.nodes.map(({ name, node }) => [name, createCalls({ ...patience, clients: [node] })] as const),
    );
    const getKubelet = (name: string): Calls<RpcClient<NodeDefinition>> => {
      const kubelet = kubelets.get(name);
      if (kubelet === undefined) throw new Error(`there is no node ${name}`);
      return kubelet;
    };
    return new ChaosClient({
      ...shared,
      name: `c${index}`,
      calls,
      pods: createPods(getKubelet, podDirectory),
      mayLeaveNodeOpen: !GIVES_UP,
      random,
      pools,
      directoryNode,
    });
  });
}

/** The clients work while the monkey rages; each ends what it has begun. */
async function runChaos(
  { cluster, registry }: ChaosScene,
  clients: readonly ChaosClient[],
  shared: Shared,
): Promise<void> {
  const stop = new AbortController();
  const members = [...cluster.controllers, ...cluster.nodes];
  const random = createSeededRandom('monkey', SEED);
  const mayBeGivenUp = new Set<Member>(GIVES_UP ? cluster.nodes : []);
  const raging = runMonkey({ ...shared, members, mayBeGivenUp, registry, random }, stop.signal);
  raging.catch(() => stop.abort());
  const timer = setTimeout(() => stop.abort(), SECONDS * 1000);
  const outcomes = await Promise.allSettled(
    clients.map(async (client) => {
      try {
        while (!stop.signal.aborted) await client.step();
      } catch (error) {
        stop.abort();
        throw error;
      }
    }),
  );
  clearTimeout(timer);
  stop.abort();
  await raging;
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** What the driver says, what is on the disks and what there must be are the same. */
async function checkAll({ cluster, pools }: ChaosScene, pieces: readonly Piece[]): Promise<void> {
  const wanted = pieces.map(({ kind, id, sizeBytes }) => ({ kind, id, sizeBytes })).toSorted(byId);
  for (const { controller } of cluster.controllers) {
    const list = async () => {
      const { entries: volumes } = await controller.ListVolumes({});
      const { entries: snapshots } = await controller.ListSnapshots({});
      return [
        ...volumes.map(({ volume }) => ({
          kind: 'volume',
          id: volume?.volumeId ?? '',
          sizeBytes: Number(volume?.capacityBytes),
        })),
        ...snapshots.map(({ snapshot }) => ({
          kind: 'snapshot',
          id: snapshot?.snapshotId ?? '',
          sizeBytes: Number(snapshot?.sizeBytes),
        })),
      ].toSorted(byId);
    };
    // Agents that were just started are found within seconds.
    await expect.poll(() => list().catch(String), { timeout: 30_000 }).toEqual(wanted);
  }
  const wrong: string[] = [];
  for (const piece of pieces) {
    if (!(await hasMark(pools, piece))) wrong.push(`${piece.id} (${piece.name}) does not say ${piece.mark}`);
  }
  expect(wrong).toEqual([]);
  const there = pieces.map(toDiskName).toSorted();
  await expect.poll(() => listDisks(pools), { timeout: GONE_WITHIN_MS }).toEqual(there);
}

function byId(one: { readonly id: string }, other: { readonly id: string }): number {
  return one.id < other.id ? -1 : 1;
}
