import { SERVER_EXPORT } from '../../test/support/nfs/server-guest-places.ts';
import type { Bound } from '../../test/support/kubelet.ts';
import type { NfsBenchScene, PoolName } from '../nfs/scene.ts';
import { sample, type Samples, timed } from '../samples.ts';
import { formatMs, formatRatio, formatSamples, type Row } from '../table.ts';

const MIB = 2 ** 20;
const FILE_MIB = 64;
const ROUNDS = 5;
/** Of the design. */
const LEAST_RATIO = 80;
/** An aim of this project's own: the calls of every file cross the network. */
const LEAST_RATIO_WITHOUT = 10;
/** Larger ones would take minutes by tar: their time is that of this size, times the size. */
const TAR_AT_MOST_MIB = 1024;
const TAR_DEADLINE_MS = 300_000;

interface Usual {
  readonly ms: number;
  readonly how: string;
}

/** Snapshots of directories with files of 64 MiB, beside a tar of the same directory over the mount. */
export async function measureNfsSnapshots(
  scene: NfsBenchScene,
  sizesMiB: readonly number[],
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let measured: { readonly ms: number; readonly sizeMiB: number } | undefined;
  for (const sizeMiB of sizesMiB) {
    const served = await make(scene, 'served', sizeMiB);
    const directory = toDirectory('served', served);
    for (let index = 0; index < sizeMiB / FILE_MIB; index += 1) {
      const file = `${directory}/${index}`;
      await scene.server.run([
        'dd',
        'if=/dev/zero',
        `of=${file}`,
        'bs=1M',
        `count=${FILE_MIB}`,
        'conv=fsync',
      ]);
    }
    const plain = await make(scene, 'plain', sizeMiB);
    const copy = `cp --reflink=always ${directory}/* ${toDirectory('plain', plain)} && sync`;
    await scene.server.run(['sh', '-c', copy]);
    if (sizeMiB <= TAR_AT_MOST_MIB) measured = { ms: await measureTar(scene, served), sizeMiB };
    const usual = toUsual(measured, sizeMiB);
    rows.push(
      toRow(
        `snapshot of ${sizeMiB} MiB over NFS, agent on the server`,
        await measure(scene, served),
        usual,
        LEAST_RATIO,
      ),
      toRow(
        `snapshot of ${sizeMiB} MiB over NFS, no agent on the server (CLONE)`,
        await measure(scene, plain),
        usual,
        LEAST_RATIO_WITHOUT,
      ),
    );
    for (const bound of [served, plain]) await scene.kubelet.remove(bound);
  }
  return rows;
}

async function make({ kubelet }: NfsBenchScene, pool: PoolName, sizeMiB: number): Promise<Bound> {
  const parameters = pool === 'served' ? { pool } : { pool, quota: 'none' };
  return await kubelet.create({ sizeBytes: (sizeMiB + FILE_MIB) * MIB, parameters, use: '' });
}

/** Where the server has the files of a volume. */
function toDirectory(pool: PoolName, { volumeId }: Bound): string {
  return `${SERVER_EXPORT}/${pool}/volumes/${volumeId.split('-')[1] ?? ''}/data`;
}

async function measure({ kubelet }: NfsBenchScene, { volumeId }: Bound): Promise<Samples> {
  const made: string[] = [];
  const samples = await sample(ROUNDS, async () => made.push(await kubelet.snapshot(volumeId)));
  for (const id of made) await kubelet.removeSnapshot(id);
  return samples;
}

/** As csi-driver-nfs does it, without compression: from one mount to another one of the same export. */
async function measureTar({ kubelet, node, usual }: NfsBenchScene, bound: Bound): Promise<number> {
  const mounted = await kubelet.stage(bound);
  await kubelet.publish(mounted);
  const script = `mkdir -p $2 && mount -t nfs -o vers=4.2 $1 $2 && tar -C $3 -cf $2/snapshot.tar . && sync $2/snapshot.tar`;
  const place = `${usual.directory}/snapshot`;
  const { ms } = await timed(() =>
    node.machine.run(['sh', '-ec', script, 'sh', usual.source, place, mounted.targetPath], {
      deadlineMs: TAR_DEADLINE_MS,
    }),
  );
  await node.machine.run(['sh', '-ec', 'rm $1/snapshot.tar; umount $1', 'sh', place]);
  await kubelet.unpublish(mounted);
  await kubelet.unstage(mounted);
  return ms;
}

function toUsual(
  measured: { readonly ms: number; readonly sizeMiB: number } | undefined,
  sizeMiB: number,
): Usual {
  if (measured === undefined) throw new Error('The first size has to be one that tar can do.');
  const how = measured.sizeMiB === sizeMiB ? 'tar' : `tar, reckoned from ${measured.sizeMiB} MiB`;
  return { ms: (measured.ms * sizeMiB) / measured.sizeMiB, how };
}

function toRow(what: string, ours: Samples, usual: Usual, leastRatio: number): Row {
  const ratio = usual.ms / ours.p50Ms;
  return {
    what,
    ours: formatSamples(ours),
    usual: `${formatMs(usual.ms)} (${usual.how})`,
    ratio: formatRatio(ratio),
    budget: `≥ ${leastRatio}×`,
    isMet: ratio >= leastRatio,
  };
}
