import { CLAIMS, type NfsBenchScene, type PoolName } from '../nfs/scene.ts';
import { measureUsual, USUAL, type UsualLives } from '../nfs/usual.ts';
import { rate, type Samples, summarize, timed } from '../samples.ts';
import { formatRatio, formatSamples, type Row } from '../table.ts';

const WARM_UP = 10;
const ROUNDS = 40;
const USUAL_LIVES = { 1: 15, 4: 8 } as const;
const LIVES = { 1: 60, 4: 120 } as const;
/** Of the design, against csi-driver-nfs itself. */
const LIVES_BUDGET = 10;
/** What csi-driver-nfs did in such a guest when the design was made; it is not measured here. */
const DRIVER_LIVES = { 1: 0.7, 4: 1.4 } as const;
/** Aims of this project's own. */
const CREATE_BUDGET = 5;
const MOUNT_BUDGET = 5;

const WITH: Readonly<Record<PoolName, string>> = {
  served: 'agent on the server',
  plain: 'no agent on the server',
};

/** Creating, mounting, and whole lives, each beside a mount per call. */
export async function measureNfsVolumes(scene: NfsBenchScene): Promise<readonly Row[]> {
  const usual = {
    1: await measureUsual(scene.node.machine, scene.usual, { clients: 1, lives: USUAL_LIVES[1] }),
    4: await measureUsual(scene.node.machine, scene.usual, { clients: 4, lives: USUAL_LIVES[4] }),
  };
  const rows: Row[] = [];
  for (const pool of ['served', 'plain'] as const) {
    const times = await measureCalls(scene, pool);
    rows.push(
      toRow(`CreateVolume over NFS, ${WITH[pool]}`, times.create, usual[1].create, CREATE_BUDGET),
      toRow(
        `stage + publish + unpublish + unstage over NFS, ${WITH[pool]}`,
        times.mount,
        usual[1].publish,
        MOUNT_BUDGET,
      ),
    );
    for (const clients of [1, 4] as const) {
      rows.push(await measureLives(scene, { pool, clients, usual: usual[clients] }));
    }
  }
  return rows;
}

async function measureCalls(
  { kubelet }: NfsBenchScene,
  pool: PoolName,
): Promise<{ readonly create: Samples; readonly mount: Samples }> {
  const create: number[] = [];
  const mount: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    const created = await timed(() => kubelet.create(CLAIMS[pool]));
    const bound = created.result;
    const mounted = await timed(async () => {
      const staged = await kubelet.stage(bound);
      await kubelet.publish(staged);
      await kubelet.unpublish(staged);
      await kubelet.unstage(staged);
    });
    await kubelet.remove(bound);
    if (round < WARM_UP) continue;
    create.push(created.ms);
    mount.push(mounted.ms);
  }
  return { create: summarize(create), mount: summarize(mount) };
}

async function measureLives(
  { kubelet }: NfsBenchScene,
  { pool, clients, usual }: { readonly pool: PoolName; readonly clients: 1 | 4; readonly usual: UsualLives },
): Promise<Row> {
  const perSecond = await rate(LIVES[clients], clients, async () => {
    const bound = await kubelet.create(CLAIMS[pool]);
    const staged = await kubelet.stage(bound);
    await kubelet.publish(staged);
    await kubelet.unpublish(staged);
    await kubelet.unstage(staged);
    await kubelet.remove(bound);
  });
  const known = DRIVER_LIVES[clients];
  return {
    what: `life cycles/s over NFS, ${clients} at once, ${WITH[pool]}`,
    ours: perSecond.toFixed(1),
    usual: `${usual.perSecond.toFixed(1)} (${USUAL}; csi-driver-nfs did ${known} in such a guest)`,
    ratio: formatRatio(perSecond / usual.perSecond),
    budget: `≥ ${LIVES_BUDGET}× of ${known}`,
    isMet: perSecond >= LIVES_BUDGET * known,
  };
}

function toRow(what: string, ours: Samples, usual: Samples, leastRatio: number): Row {
  const ratio = usual.p50Ms / ours.p50Ms;
  return {
    what,
    ours: formatSamples(ours),
    usual: `${formatSamples(usual)} (${USUAL})`,
    ratio: formatRatio(ratio),
    budget: `≥ ${leastRatio}×`,
    isMet: ratio >= leastRatio,
  };
}
