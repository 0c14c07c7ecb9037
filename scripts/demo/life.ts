import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kubelet, Mounted } from '../../test/support/kubelet.ts';
import type { TestServer } from '../../test/support/server.ts';
import { checksum, fillUp, writeRandom } from './files.ts';
import { formatMiB, type Steps } from './steps.ts';

const MiB = 2 ** 20;
const VOLUME_BYTES = 512 * MiB;
const GROWN_BYTES = 1024 * MiB;
const DATA_BYTES = 64 * MiB;
const BLOCK_BYTES = 64 * MiB;

/** What the demonstration works with. */
export interface Demo {
  readonly server: TestServer;
  readonly kubelet: Kubelet;
  readonly steps: Steps;
  /** StorageClass parameters. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** A mounted volume: made, filled to its limit, snapshotted, changed, restored, cloned, grown, measured, removed. */
export async function showMountedVolume({ server, kubelet, steps, parameters }: Demo): Promise<void> {
  const claim = { sizeBytes: VOLUME_BYTES, parameters, use: 'xfs' } as const;
  const bound = await steps.run('create a volume', () => kubelet.create(claim), toSize);
  const mounted = await steps.run('stage it (format, mount)', () => kubelet.stage(bound));
  await steps.run('publish it for a pod', () => kubelet.publish(mounted));

  const data = join(mounted.targetPath, 'data');
  await steps.run(
    'write and sync',
    () => writeRandom(data, DATA_BYTES),
    () => formatMiB(DATA_BYTES),
  );
  const before = await checksum(data);
  const filler = join(mounted.targetPath, 'filler');
  await steps.run(
    'run into the size limit',
    () => fillUp(filler, 2 * VOLUME_BYTES),
    ({ writtenBytes, error }) => {
      return `${error} after ${formatMiB(DATA_BYTES + writtenBytes)} of ${formatMiB(VOLUME_BYTES)}`;
    },
  );

  const snapshotId = await steps.run('snapshot it while it is mounted', () =>
    kubelet.snapshot(bound.volumeId),
  );
  await steps.run('change the data', () => writeRandom(data, DATA_BYTES));
  const changed = await checksum(data);
  const restored = await steps.run('restore the snapshot', () =>
    kubelet.create({ ...claim, from: { snapshotId } }),
  );
  await steps.run(
    'mount it and compare checksums',
    () => compare(kubelet, restored, before),
    () => 'as before the change',
  );
  const clone = await steps.run('clone the volume', () =>
    kubelet.create({ ...claim, from: { volumeId: bound.volumeId } }),
  );
  await steps.run(
    'mount it and compare checksums',
    () => compare(kubelet, clone, changed),
    () => 'as after the change',
  );

  await steps.run(
    'grow it while it is mounted',
    () => kubelet.expand(mounted, GROWN_BYTES),
    (bytes) => {
      return `${formatMiB(VOLUME_BYTES)} to ${formatMiB(bytes)}`;
    },
  );
  await steps.run(
    'write past the old limit',
    () => writeRandom(filler, VOLUME_BYTES),
    () => formatMiB(VOLUME_BYTES),
  );
  await steps.run(
    'ask for its use',
    () => getUse(server, mounted),
    (use) => use,
  );

  await steps.run('unpublish and unstage it', () => release(kubelet, mounted));
  await steps.run('delete volumes and snapshot', async () => {
    await kubelet.removeSnapshot(snapshotId);
    for (const each of [bound, restored, clone]) await kubelet.remove(each);
  });
}

/** A raw block volume: written and read back as a device. */
export async function showBlockVolume({ kubelet, steps, parameters }: Demo): Promise<void> {
  const claim = { sizeBytes: BLOCK_BYTES, parameters, use: 'block' } as const;
  const bound = await steps.run('create a raw block volume', () => kubelet.create(claim), toSize);
  const mounted = await kubelet.stage(bound);
  await steps.run('publish it as a device', () => kubelet.publish(mounted));
  await steps.run(
    'write its last block and read it back',
    () => writeLastBlock(mounted.targetPath),
    (text) => text,
  );
  await release(kubelet, mounted);
  await steps.run('delete it', () => kubelet.remove(bound));
}

async function compare(
  kubelet: Kubelet,
  bound: Parameters<Kubelet['stage']>[0],
  expected: string,
): Promise<void> {
  const mounted = await kubelet.stage(bound);
  await kubelet.publish(mounted, { readOnly: true });
  const found = await checksum(join(mounted.targetPath, 'data'));
  await release(kubelet, mounted);
  if (found !== expected) throw new Error(`the content of ${bound.volumeId} is not what it was made from`);
}

async function release(kubelet: Kubelet, mounted: Mounted): Promise<void> {
  await kubelet.unpublish(mounted);
  await kubelet.unstage(mounted);
}

async function getUse(server: TestServer, { volumeId, targetPath }: Mounted): Promise<string> {
  const { usage } = await server.node.NodeGetVolumeStats({ volumeId, volumePath: targetPath });
  return usage
    .map((entry) =>
      entry.unit === 'BYTES'
        ? `${formatMiB(Number(entry.used))} of ${formatMiB(Number(entry.total))}`
        : `${entry.used} inodes`,
    )
    .join(', ');
}

async function writeLastBlock(path: string): Promise<string> {
  const text = Buffer.alloc(4096, 'stowage ');
  await using device = await open(path, 'r+');
  await device.write(text, 0, text.length, BLOCK_BYTES - text.length);
  await device.sync();
  const { buffer } = await device.read(Buffer.alloc(4096), 0, 4096, BLOCK_BYTES - text.length);
  if (!buffer.equals(text)) throw new Error(`${path} gave back something else than was written`);
  return `at ${formatMiB(BLOCK_BYTES)}`;
}

function toSize(bound: { readonly capacityBytes: number }): string {
  return formatMiB(bound.capacityBytes);
}
