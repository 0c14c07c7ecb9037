import type { Bound, Kubelet } from '../../test/support/kubelet.ts';
import { summarize, timed } from '../samples.ts';
import type { Scenes } from '../scenes.ts';
import { type Row, toOverheadRow } from '../table.ts';

const CLAIM = {
  sizeBytes: 16 * 2 ** 20,
  parameters: { pool: 'btrfs', layout: 'directory' },
  use: '',
} as const;
const ROUNDS = 100;
const WARM_UP = 20;
/** An aim of this project's own. */
const BUDGET_MS = 1;

/** One side of the comparison. */
interface Side {
  readonly kubelet: Kubelet;
  /** One call of the controller that only looks something up. */
  readonly find: (volumeId: string) => Promise<unknown>;
}

const STEPS = ['create', 'find', 'mount', 'snapshot', 'remove'] as const;
type Step = (typeof STEPS)[number];

const WHAT: Readonly<Record<Step, string>> = {
  create: 'CreateVolume, directory, controller and agents of three nodes',
  find: 'ControllerGetVolume, controller and agent',
  mount: 'stage + publish + unpublish + unstage, directory, node alone',
  snapshot: 'CreateSnapshot of a directory, controller and agents of three nodes',
  remove: 'DeleteVolume, directory, controller and agent',
};

type Times = Readonly<Record<Step, number[]>>;

/** What it costs that controller and node are apart: the same calls in turns, so that both see the same machine. */
export async function measureApart(scenes: Scenes): Promise<readonly Row[]> {
  const { kubelet, server } = await scenes.getAllInOne();
  const split = await scenes.getSplit();
  const [other] = split.kubelets;
  if (other === undefined) throw new Error('there is no node');
  const sides: readonly Side[] = [
    { kubelet, find: (volumeId) => server.controller.ControllerGetVolume({ volumeId }) },
    {
      kubelet: other,
      find: (volumeId) => split.controller.controller.ControllerGetVolume({ volumeId }),
    },
  ];
  const [usual, ours] = [createTimes(), createTimes()];
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    for (const [index, side] of sides.entries()) {
      const times = round < WARM_UP ? createTimes() : index === 0 ? usual : ours;
      await live(side, times);
    }
  }
  return STEPS.map((step) =>
    toOverheadRow({
      what: WHAT[step],
      ours: summarize(ours[step]),
      usual: { samples: summarize(usual[step]), how: 'all-in-one' },
      budgetMs: BUDGET_MS,
    }),
  );
}

function createTimes(): Times {
  return { create: [], find: [], mount: [], snapshot: [], remove: [] };
}

/** A volume's life, each step timed. */
async function live({ kubelet, find }: Side, times: Times): Promise<void> {
  const created = await timed(() => kubelet.create(CLAIM));
  const bound = created.result;
  times.create.push(created.ms);
  times.find.push((await timed(() => find(bound.volumeId))).ms);
  times.mount.push((await timed(() => mountOnce(kubelet, bound))).ms);
  const snapshot = await timed(() => kubelet.snapshot(bound.volumeId));
  times.snapshot.push(snapshot.ms);
  await kubelet.removeSnapshot(snapshot.result);
  times.remove.push((await timed(() => kubelet.remove(bound))).ms);
}

async function mountOnce(kubelet: Kubelet, bound: Bound): Promise<void> {
  const mounted = await kubelet.stage(bound);
  await kubelet.publish(mounted);
  await kubelet.unpublish(mounted);
  await kubelet.unstage(mounted);
}
