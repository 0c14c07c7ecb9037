import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TOPOLOGY_KEY } from '../../src/backends/hostpath/topology.ts';
import { DriverError } from '../../src/domain/errors.ts';
import type { Bound, Claim, Mounted } from '../../test/support/kubelet.ts';
import { checksum, writeRandom } from './files.ts';
import { type DemoNode, type NodesScene, POOL } from './nodes-scene.ts';
import { formatMiB, type Steps } from './steps.ts';

const MiB = 2 ** 20;
const VOLUME_BYTES = 512 * MiB;
const DATA_BYTES = 64 * MiB;
const SETTLES_WITHIN_MS = 30_000;

const CLAIM: Claim = { sizeBytes: VOLUME_BYTES, parameters: { pool: POOL, layout: 'image' }, use: 'ext4' };

/** What the demonstration works with. */
export interface Story {
  readonly scene: NodesScene;
  readonly steps: Steps;
}

/** Volumes where the scheduler wants them, and content that goes from one node to another. */
export async function showPlacement({ scene, steps }: Story): Promise<readonly Bound[]> {
  const { alpha, beta, gamma } = scene;
  const made: Bound[] = [];
  for (const node of [alpha, beta, gamma]) {
    made.push(await steps.run(`create a volume on ${node.name}`, () => node.kubelet.create(CLAIM), toId));
  }
  const [onAlpha] = made;
  if (onAlpha === undefined) throw new Error('nothing was made');
  const mounted = await steps.run('mount it on alpha, write and sync', async () => {
    const staged = await mount(alpha, onAlpha);
    await writeRandom(join(staged.targetPath, 'data'), DATA_BYTES);
    return staged;
  });
  const before = await checksum(join(mounted.targetPath, 'data'));
  const snapshotId = await steps.run('snapshot it on alpha while it is mounted', () =>
    alpha.kubelet.snapshot(onAlpha.volumeId),
  );
  for (const node of [alpha, beta]) {
    const restored = await steps.run(
      node === alpha ? 'restore it on alpha' : 'restore it on beta, over the network',
      () => node.kubelet.create({ ...CLAIM, from: { snapshotId } }),
      toId,
    );
    await steps.run(
      `mount it on ${node.name} and compare checksums`,
      () => compare(node, restored, before),
      () => `${formatMiB(DATA_BYTES)} as they were`,
    );
    made.push(restored);
  }
  await release(alpha, mounted);
  await steps.run('delete the snapshot', () => alpha.kubelet.removeSnapshot(snapshotId));
  return made;
}

/** A node that says nothing for a while: nothing is guessed about what it has, and the others go on. */
export async function showSilence({ scene, steps }: Story, [, onBeta]: readonly Bound[]): Promise<void> {
  const { alpha, beta, controller } = scene;
  const volumeId = onBeta?.volumeId ?? '';
  beta.member.program.freeze();
  try {
    await steps.run(
      'freeze beta (SIGSTOP); delete its volume',
      () => getRefusal(() => controller.controller.DeleteVolume({ volumeId }, { deadlineMs: 30_000 })),
      (refusal) => refusal,
    );
    await steps.run(
      'list all volumes meanwhile',
      () => getRefusal(() => controller.controller.ListVolumes({}, { deadlineMs: 30_000 })),
      (refusal) => refusal,
    );
    const other = await steps.run('create one on alpha meanwhile', () => alpha.kubelet.create(CLAIM), toId);
    await alpha.kubelet.remove(other);
  } finally {
    beta.member.program.thaw();
  }
  await steps.run('thaw beta; delete its volume', () => untilDone(() => beta.kubelet.remove({ volumeId })));
}

/** A node that is lost, given up, and comes back. */
export async function showLoss({ scene, steps }: Story, [, , onGamma]: readonly Bound[]): Promise<void> {
  const { gamma, controller } = scene;
  const volumeId = onGamma?.volumeId ?? '';
  await gamma.member.program.kill();
  const create = () =>
    controller.controller.CreateVolume({
      name: 'pvc-elsewhere',
      capacityRange: { requiredBytes: VOLUME_BYTES },
      volumeCapabilities: [{ mount: {}, accessMode: { mode: 'SINGLE_NODE_WRITER' } }],
      parameters: CLAIM.parameters,
      accessibilityRequirements: { requisite: [{ segments: { [TOPOLOGY_KEY]: gamma.name } }] },
    });
  await steps.run(
    'kill gamma (SIGKILL); ask for a volume there',
    () => getRefusal(create),
    (refusal) => refusal,
  );
  await steps.run(
    'give it up: stowage nodes forget gamma',
    () => scene.run('nodes', 'forget', gamma.name, '--yes', '--force'),
    (text) => text.split('\n').at(-1) ?? '',
  );
  await steps.run(
    'ask for a volume there again',
    () => untilRefused(create, 'RESOURCE_EXHAUSTED'),
    (refusal) => `${refusal}: the scheduler goes elsewhere`,
  );
  await steps.run(
    'delete the volume that gamma had',
    () => gamma.kubelet.remove({ volumeId }),
    () => 'a tombstone is written',
  );
  await steps.run(
    'start gamma again: what is on its disk',
    async () => {
      const before = await listVolumesOnDisk(gamma);
      await gamma.member.start();
      await untilDone(async () => await expectEmpty(gamma));
      return before.length;
    },
    (before) => `${before} volume before, 0 after`,
  );
  const again = await steps.run(
    'create a volume on gamma',
    () => untilDone(() => gamma.kubelet.create(CLAIM)),
    toId,
  );
  await gamma.kubelet.remove(again);
}

/** Removes what the demonstration has made. */
export async function cleanUp({ scene, steps }: Story, volumes: readonly Bound[]): Promise<void> {
  await steps.run('delete the other volumes', async () => {
    for (const each of volumes) await scene.alpha.kubelet.remove(each);
  });
}

async function listVolumesOnDisk({ pool }: DemoNode): Promise<readonly string[]> {
  return await readdir(join(pool, 'volumes'));
}

async function expectEmpty(node: DemoNode): Promise<void> {
  const left = await listVolumesOnDisk(node);
  if (left.length > 0) throw new Error(`${node.name} still has ${left.join(', ')}`);
}

async function mount({ kubelet }: DemoNode, bound: Bound): Promise<Mounted> {
  const mounted = await kubelet.stage(bound);
  await kubelet.publish(mounted);
  return mounted;
}

async function release({ kubelet }: DemoNode, mounted: Mounted): Promise<void> {
  await kubelet.unpublish(mounted);
  await kubelet.unstage(mounted);
}

async function compare(node: DemoNode, bound: Bound, expected: string): Promise<void> {
  const mounted = await mount(node, bound);
  const found = await checksum(join(mounted.targetPath, 'data'));
  await release(node, mounted);
  if (found !== expected) throw new Error(`the content of ${bound.volumeId} is not what it was made from`);
}

/** The gRPC status with which a call was refused. Throws when it was not. */
async function getRefusal(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (error instanceof DriverError) return String(error.details['status']);
    throw error;
  }
  throw new Error('the call should have been refused');
}

async function untilRefused(call: () => Promise<unknown>, status: string): Promise<string> {
  return await untilDone(async () => {
    const refusal = await getRefusal(call);
    if (refusal !== status) throw new Error(`refused with ${refusal} instead of ${status}`);
    return refusal;
  });
}

/** As a sidecar does: again until it works. */
async function untilDone<T>(work: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + SETTLES_WITHIN_MS;
  while (true) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await sleep(100);
    }
  }
}

function toId({ volumeId }: Bound): string {
  return volumeId;
}
