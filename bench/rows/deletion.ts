import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../commands.ts';
import { summarize, timed } from '../samples.ts';
import type { Scene } from '../scene.ts';
import { formatMs, type Row, toTimeRow } from '../table.ts';

const ANSWER_BUDGET_MS = 50;
const PROBE_BUDGET_MS = 50;
const WATCH_MS = 5000;

/** Deleting a tree of many small files on a pool without subvolumes, and Probe meanwhile. */
export async function measureDeletion(
  { kubelet, server, beside }: Scene,
  files: number,
): Promise<readonly Row[]> {
  await mkdir(beside.xfs, { recursive: true });
  const claim = {
    sizeBytes: 4 * 2 ** 30,
    parameters: { pool: 'xfs', layout: 'directory', quota: 'none' },
    use: '',
  } as const;
  const bound = await kubelet.create(claim);
  const mounted = await kubelet.stage(bound);
  await makeFiles(mounted.stagingPath, files);
  await kubelet.unstage(mounted);
  // At rest, as a volume is that is not in use any more: what is deleted next is not still being written back.
  await run('sync', '-f', beside.xfs);
  const { ms } = await timed(() => kubelet.remove(bound));
  const probes: number[] = [];
  const until = performance.now() + WATCH_MS;
  while (performance.now() < until) {
    probes.push((await timed(() => server.identity.Probe({}))).ms);
    await sleep(5);
  }
  const tree = join(beside.xfs, 'deletion');
  await mkdir(tree, { recursive: true });
  await makeFiles(tree, files);
  await run('sync', '-f', beside.xfs);
  const usual = await timed(() => run('rm', '-rf', tree));
  const probe = summarize(probes);
  return [
    toTimeRow({
      what: `DeleteVolume of ${files} files, until it answers`,
      ours: summarize([ms]),
      usual: { samples: summarize([usual.ms]), how: 'rm -rf first' },
      budgetMs: ANSWER_BUDGET_MS,
    }),
    {
      what: 'Probe meanwhile, p99',
      ours: formatMs(probe.p99Ms),
      usual: '',
      ratio: '',
      budget: `≤ ${PROBE_BUDGET_MS} ms`,
      isMet: probe.p99Ms <= PROBE_BUDGET_MS,
    },
  ];
}

/** Small files, 500 to a directory, made by a child that does nothing else. */
async function makeFiles(directory: string, count: number): Promise<void> {
  const script = `
    const fs = require('node:fs');
    const [root, count] = process.argv.slice(1);
    for (let i = 0; i < Number(count); i += 1) {
      const folder = root + '/d' + Math.floor(i / 500);
      if (i % 500 === 0) fs.mkdirSync(folder);
      fs.writeFileSync(folder + '/f' + i, String(i));
    }`;
  await run(process.execPath, '-e', script, directory, String(count));
}
