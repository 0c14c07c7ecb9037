import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../../test/support/program.ts';
import { readResidentMiB } from '../processes.ts';
import { sample } from '../samples.ts';
import type { Scenes } from '../scenes.ts';
import { type Row, toBudgetRow, toTimeRow } from '../table.ts';

const PROBES = 2000;
const PROBE_BUDGET_MS = 5;
/** Threads that opening the pools needed have ended by then. */
const IDLE_AFTER_MS = 35_000;

/** What a process may take: to its first answer, and once it idles. */
export const PROCESS_BUDGETS = {
  'all-in-one': { startMs: 600, memoryMiB: 100 },
  controller: { startMs: 1200, memoryMiB: 130 },
  node: { startMs: 600, memoryMiB: 100 },
} as const;

/** Start of the bundle in each role, memory once it idles, and Probe on an idle server. */
export async function measureProcesses(scenes: Scenes): Promise<readonly Row[]> {
  const { server } = await scenes.getAllInOne();
  const { cluster, controller } = await scenes.getSplit();
  await sleep(IDLE_AFTER_MS);
  const rows = [
    ...(await measureRole('all-in-one', [server])),
    ...(await measureRole('controller', [controller.program])),
    ...(await measureRole(
      'node',
      cluster.nodes.map(({ program }) => program),
    )),
  ];
  const probes = await sample(PROBES, () => server.identity.Probe({}));
  return [
    ...rows,
    toTimeRow({ what: 'Probe, idle', ours: probes, usual: undefined, budgetMs: PROBE_BUDGET_MS }),
  ];
}

/** Of several processes of one role, the worst one counts. */
async function measureRole(
  role: keyof typeof PROCESS_BUDGETS,
  programs: readonly Pick<Program, 'pid' | 'startup'>[],
): Promise<readonly Row[]> {
  const budget = PROCESS_BUDGETS[role];
  const startMs = Math.max(...programs.map(({ startup }) => startup.servingMs));
  const residentMiB = Math.max(...(await Promise.all(programs.map(({ pid }) => readResidentMiB(pid)))));
  const which = programs.length === 1 ? role : `${role}, worst of ${programs.length}`;
  return [
    toBudgetRow({
      what: `start to serving from the bundle, ${which}`,
      value: startMs,
      unit: 'ms',
      budget: budget.startMs,
    }),
    toBudgetRow({
      what: `idle memory (RSS), ${which}`,
      value: residentMiB,
      unit: 'MiB',
      budget: budget.memoryMiB,
    }),
  ];
}
