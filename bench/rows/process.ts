import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { sample } from '../samples.ts';
import type { Scene } from '../scene.ts';
import { type Row, toTimeRow } from '../table.ts';

const START_BUDGET_MS = 600;
const MEMORY_BUDGET_MIB = 100;
const PROBES = 2000;
const PROBE_BUDGET_MS = 5;
/** Threads that opening the pools needed have ended by then. */
const IDLE_AFTER_MS = 35_000;

/** Start of the bundle, memory once it idles, and Probe on an idle server. */
export async function measureProcess({ server }: Scene): Promise<readonly Row[]> {
  await sleep(IDLE_AFTER_MS);
  const residentMiB = await readResidentMiB(server.pid);
  const probes = await sample(PROBES, () => server.identity.Probe({}));
  const startMs = server.startup.servingMs;
  return [
    {
      what: 'start to serving, all-in-one from the bundle',
      ours: `${startMs.toFixed(0)} ms`,
      usual: '',
      ratio: '',
      budget: `≤ ${START_BUDGET_MS} ms`,
      isMet: startMs <= START_BUDGET_MS,
    },
    {
      what: 'idle memory (RSS), all-in-one',
      ours: `${residentMiB} MiB`,
      usual: '',
      ratio: '',
      budget: `≤ ${MEMORY_BUDGET_MIB} MiB`,
      isMet: residentMiB <= MEMORY_BUDGET_MIB,
    },
    toTimeRow({ what: 'Probe, idle', ours: probes, usual: undefined, budgetMs: PROBE_BUDGET_MS }),
  ];
}

/** Resident memory of a process in MiB. */
export async function readResidentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}
