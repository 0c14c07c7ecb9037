import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bound, Mounted } from '../../test/support/kubelet.ts';
import { run } from '../commands.ts';
import { rate, sample, summarize, timed } from '../samples.ts';
import type { Scene } from '../scene.ts';
import { formatRatio, type Row, toTimeRow } from '../table.ts';

const MiB = 2 ** 20;
const CLAIM = { sizeBytes: 16 * MiB, parameters: { pool: 'btrfs', layout: 'directory' }, use: '' } as const;
const CREATE_BUDGET_MS = 5;
const MOUNT_BUDGET_MS = 5;
const ROUNDS = 60;
const CYCLES = 160;

/** Directory volumes with few in the pool: create, mount calls, whole lives. */
export async function measureDirectories(scene: Scene): Promise<readonly Row[]> {
  await mkdir(scene.beside.btrfs, { recursive: true });
  return [await measureCreate(scene), await measureMounts(scene), ...(await measureCycles(scene))];
}

async function measureCreate({ kubelet, beside }: Scene): Promise<Row> {
  const made: Bound[] = [];
  const ours = await sample(ROUNDS, async () => made.push(await kubelet.create(CLAIM)));
  const usual = await sample(ROUNDS, (index) => createUsual(join(beside.btrfs, `create-${index}`)));
  for (const bound of made) await kubelet.remove(bound);
  return toTimeRow({
    what: 'CreateVolume, directory with a quota, empty pool',
    ours,
    usual: { samples: usual, how: 'btrfs commands, not synced' },
    budgetMs: CREATE_BUDGET_MS,
  });
}

/** The calls alone: directories that kubelet makes are there before. */
async function measureMounts({ kubelet, server, beside }: Scene): Promise<Row> {
  const bound = await kubelet.create(CLAIM);
  const ours: number[] = [];
  const usual: number[] = [];
  const source = join(beside.btrfs, 'mounts');
  await createUsual(source);
  for (let index = 0; index < ROUNDS; index += 1) {
    const pod = await makePodDirectory(join(beside.xfs, `pod-${index}`));
    ours.push((await timed(() => callMounts(server, bound, pod))).ms);
    const other = await makePodDirectory(join(beside.xfs, `usual-${index}`));
    await mkdir(other.targetPath);
    usual.push((await timed(() => mountUsual(source, other))).ms);
  }
  await kubelet.remove(bound);
  return toTimeRow({
    what: 'stage + publish + unpublish + unstage, directory',
    ours: summarize(ours),
    usual: { samples: summarize(usual), how: 'mount and umount commands' },
    budgetMs: MOUNT_BUDGET_MS,
  });
}

async function measureCycles({ kubelet, beside }: Scene): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [atOnce, least] of [
    [1, 2],
    [8, 4],
  ] as const) {
    const ours = await rate(CYCLES, atOnce, async () => {
      const bound = await kubelet.create(CLAIM);
      await mountOnce(kubelet, bound);
      await kubelet.remove(bound);
    });
    const usual = await rate(CYCLES / 2, atOnce, async (index) => {
      const source = join(beside.btrfs, `cycle-${atOnce}-${index}`);
      await createUsual(source);
      const pod = await makePodDirectory(join(beside.xfs, `cycle-${atOnce}-${index}`));
      await mkdir(pod.targetPath);
      await mountUsual(source, pod);
      await run('btrfs', 'subvolume', 'delete', source);
    });
    rows.push({
      what: `life cycles a second, directory, ${atOnce} at once`,
      ours: ours.toFixed(0),
      usual: `${usual.toFixed(0)} (commands)`,
      ratio: formatRatio(ours / usual),
      budget: `≥ ${least}×`,
      isMet: ours / usual >= least,
    });
  }
  return rows;
}

/** CreateVolume and ListVolumes with `count` volumes in the pool; the volumes stay. */
export async function measureManyDirectories(
  { kubelet, server }: Scene,
  count: number,
): Promise<readonly Row[]> {
  const times: number[] = [];
  await rate(count, 8, async () => {
    await kubelet.create(CLAIM);
  });
  for (let index = 0; index < ROUNDS; index += 1) times.push((await timed(() => kubelet.create(CLAIM))).ms);
  const listing = await sample(5, async () => {
    const { entries } = await server.controller.ListVolumes({});
    if (entries.length < count) throw new Error(`ListVolumes shows ${entries.length} of ${count} volumes`);
  });
  return [
    toTimeRow({
      what: `CreateVolume, directory with a quota, ${count} in the pool`,
      ours: summarize(times),
      usual: undefined,
      budgetMs: CREATE_BUDGET_MS,
    }),
    toTimeRow({ what: `ListVolumes of ${count}`, ours: listing, usual: undefined, budgetMs: 1000 }),
  ];
}

async function mountOnce(kubelet: Scene['kubelet'], bound: Bound): Promise<void> {
  const mounted: Mounted = await kubelet.stage(bound);
  await kubelet.publish(mounted);
  await kubelet.unpublish(mounted);
  await kubelet.unstage(mounted);
}

async function createUsual(path: string): Promise<void> {
  await run('btrfs', 'subvolume', 'create', path);
  await run('btrfs', 'qgroup', 'limit', `${CLAIM.sizeBytes}`, path);
}

interface PodDirectory {
  readonly stagingPath: string;
  readonly targetPath: string;
}

async function makePodDirectory(directory: string): Promise<PodDirectory> {
  const stagingPath = join(directory, 'staging');
  await mkdir(stagingPath, { recursive: true });
  return { stagingPath, targetPath: join(directory, 'target') };
}

async function callMounts(
  { node }: Scene['server'],
  { volumeId, capability: volumeCapability, context: volumeContext }: Bound,
  { stagingPath, targetPath }: PodDirectory,
): Promise<void> {
  const volume = { volumeId, volumeCapability, volumeContext, stagingTargetPath: stagingPath };
  await node.NodeStageVolume(volume);
  await node.NodePublishVolume({ ...volume, targetPath });
  await node.NodeUnpublishVolume({ volumeId, targetPath });
  await node.NodeUnstageVolume({ volumeId, stagingTargetPath: stagingPath });
}

async function mountUsual(source: string, { stagingPath, targetPath }: PodDirectory): Promise<void> {
  await run('mount', '--bind', source, stagingPath);
  await run('mount', '--bind', stagingPath, targetPath);
  await run('umount', targetPath);
  await run('umount', stagingPath);
}
