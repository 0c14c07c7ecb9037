import type { Bound, Kubelet } from '../../test/support/kubelet.ts';
import { rate, type Samples, summarize, timed } from '../samples.ts';
import type { Scenes } from '../scenes.ts';
import { formatRatio, formatSamples, type Row } from '../table.ts';

const CLAIM = {
  sizeBytes: 16 * 2 ** 20,
  parameters: { pool: 'btrfs', layout: 'directory' },
  use: '',
} as const;
/** How many at once, and how many in all. */
const CASES = [
  [1, 60],
  [10, 200],
  [100, 400],
] as const;
/** An aim of this project's own: three processes more, on the same cores. */
const LEAST_RATIO = 0.5;

interface Creates {
  readonly perSecond: number;
  readonly samples: Samples;
}

/** CreateVolume with several at once, their nodes in turns, beside all-in-one with as many. */
export async function measureCreates(scenes: Scenes): Promise<readonly Row[]> {
  const { kubelet } = await scenes.getAllInOne();
  const { kubelets } = await scenes.getSplit();
  const rows: Row[] = [];
  for (const [atOnce, count] of CASES) {
    const usual = await measure([kubelet], atOnce, count);
    const ours = await measure(kubelets, atOnce, count);
    const ratio = ours.perSecond / usual.perSecond;
    rows.push({
      what: `creates a second over three nodes, ${atOnce} at once`,
      ours: formatCreates(ours),
      usual: `${formatCreates(usual)} (all-in-one)`,
      ratio: formatRatio(ratio),
      budget: `≥ ${LEAST_RATIO}×`,
      isMet: ratio >= LEAST_RATIO,
    });
  }
  return rows;
}

async function measure(kubelets: readonly Kubelet[], atOnce: number, count: number): Promise<Creates> {
  const at = (index: number): Kubelet => {
    const kubelet = kubelets[index % kubelets.length];
    if (kubelet === undefined) throw new Error('there is no node');
    return kubelet;
  };
  const made: Bound[] = [];
  const times: number[] = [];
  const perSecond = await rate(count, atOnce, async (index) => {
    const { result, ms } = await timed(() => at(index).create(CLAIM));
    made.push(result);
    times.push(ms);
  });
  // The controller is the same for all nodes.
  await rate(made.length, 8, async (index) => {
    const bound = made[index];
    if (bound !== undefined) await at(0).remove(bound);
  });
  return { perSecond, samples: summarize(times) };
}

function formatCreates({ perSecond, samples }: Creates): string {
  return `${perSecond.toFixed(0)}; ${formatSamples(samples)}`;
}
