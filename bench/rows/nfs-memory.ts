import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CLAIMS, type NfsBenchScene } from '../nfs/scene.ts';
import { readResidentMiB } from '../processes.ts';
import { type Row, toBudgetRow } from '../table.ts';
import { PROCESS_BUDGETS } from './processes.ts';

/** Threads that opening and mounting needed have ended by then, and workers have not. */
const IDLE_AFTER_MS = 35_000;
/** Of the design: what a worker adds while it lives. */
const WORKER_MIB = 45;

/** Memory of an idle node that has a volume mounted: by itself, and with the worker of a pool. */
export async function measureNfsMemory({ kubelet, node }: NfsBenchScene): Promise<readonly Row[]> {
  const mounted = await kubelet.stage(await kubelet.create(CLAIMS.served));
  await kubelet.publish(mounted);
  await sleep(IDLE_AFTER_MS);
  const { pid } = node.program;
  const own = await readResidentMiB(pid);
  const workers = await Promise.all((await listChildren(pid)).map((child) => readResidentMiB(child)));
  await kubelet.unpublish(mounted);
  await kubelet.unstage(mounted);
  await kubelet.remove(mounted);
  if (workers.length === 0) throw new Error('The node has no worker, though a volume of its pool is in use.');
  const { memoryMiB } = PROCESS_BUDGETS.node;
  return [
    toBudgetRow({
      what: 'idle memory (RSS) of a node with NFS, without workers',
      value: own,
      unit: 'MiB',
      budget: memoryMiB,
    }),
    toBudgetRow({
      what: 'idle memory (RSS) of a node with the worker of one NFS pool',
      value: own + Math.max(...workers),
      unit: 'MiB',
      budget: memoryMiB + WORKER_MIB,
    }),
  ];
}

async function listChildren(parent: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) === parent) found.push(Number(pid));
  }
  return found;
}
