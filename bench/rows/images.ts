import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bound } from '../../test/support/kubelet.ts';
import { run } from '../commands.ts';
import { sample } from '../samples.ts';
import type { Scene } from '../scene.ts';
import { type Row, toTimeRow } from '../table.ts';

const GiB = 2 ** 30;
const BUDGET_MS = 100;
const ROUNDS = 5;
const USUAL_ROUNDS = 2;

/** Snapshot and clone of images that are full of data, on xfs and btrfs, against a copy of one GiB. */
export async function measureImages(scene: Scene, sizesGiB: readonly number[]): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const pool of ['xfs', 'btrfs'] as const) {
    const usual = await measureCopy(scene, pool);
    for (const sizeGiB of sizesGiB) rows.push(...(await measureImage(scene, { pool, sizeGiB, usual })));
  }
  return rows;
}

interface Case {
  readonly pool: 'xfs' | 'btrfs';
  readonly sizeGiB: number;
  readonly usual: Awaited<ReturnType<typeof measureCopy>>;
}

async function measureImage({ kubelet }: Scene, { pool, sizeGiB, usual }: Case): Promise<readonly Row[]> {
  const claim = { sizeBytes: sizeGiB * GiB, parameters: { pool }, use: 'block' } as const;
  const bound = await kubelet.create(claim);
  await fill(kubelet, bound, sizeGiB);
  const snapshots: string[] = [];
  const snapshot = await sample(ROUNDS, async () => snapshots.push(await kubelet.snapshot(bound.volumeId)));
  for (const id of snapshots) await kubelet.removeSnapshot(id);
  const clones: Bound[] = [];
  const clone = await sample(ROUNDS, async () =>
    clones.push(await kubelet.create({ ...claim, from: { volumeId: bound.volumeId } })),
  );
  for (const each of [...clones, bound]) await kubelet.remove(each);
  const common = { usual, budgetMs: BUDGET_MS };
  return [
    toTimeRow({ what: `snapshot of a full ${sizeGiB} GiB image on ${pool}`, ours: snapshot, ...common }),
    toTimeRow({ what: `clone of a full ${sizeGiB} GiB image on ${pool}`, ours: clone, ...common }),
  ];
}

async function fill(kubelet: Scene['kubelet'], bound: Bound, sizeGiB: number): Promise<void> {
  const mounted = await kubelet.stage(bound);
  await kubelet.publish(mounted);
  await run(
    'dd',
    'if=/dev/zero',
    `of=${mounted.targetPath}`,
    'bs=4M',
    `count=${sizeGiB * 256}`,
    'oflag=direct',
  );
  await kubelet.unpublish(mounted);
  await kubelet.unstage(mounted);
}

async function measureCopy({ beside }: Scene, pool: 'xfs' | 'btrfs') {
  const directory = join(beside[pool], 'images');
  await mkdir(directory, { recursive: true });
  const source = join(directory, 'source.img');
  await run('dd', 'if=/dev/zero', `of=${source}`, 'bs=4M', 'count=256', 'conv=fsync');
  const samples = await sample(USUAL_ROUNDS, (index) =>
    run('cp', '-a', '--reflink=never', '--sparse=never', source, join(directory, `copy-${index}.img`)),
  );
  await run('rm', '-r', directory);
  return { samples, how: 'cp -a of 1 GiB' };
}
