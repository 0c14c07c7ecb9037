import { setTimeout as sleep } from 'node:timers/promises';
import type { Kubelet } from '../../test/support/kubelet.ts';
import type { ControllerDefinition } from '../../src/gen/csi/v1/Controller.ts';
import type { RpcClient } from '../../src/rpc/client.ts';
import { readResidentMiB } from '../processes.ts';
import { rate } from '../samples.ts';
import type { Scenes } from '../scenes.ts';
import { type Row, toBudgetRow } from '../table.ts';
import { PROCESS_BUDGETS } from './processes.ts';

const CLAIM = {
  sizeBytes: 16 * 2 ** 20,
  parameters: { pool: 'btrfs', layout: 'directory' },
  use: '',
} as const;
const AT_ONCE = 8;
/** create, look up, ask for room, list, delete. */
const CALLS_PER_LIFE = 5;
/** By then what the calls left behind has been tidied up, and workers have ended. */
const IDLE_AFTER_MS = 45_000;
/** Over the budget for idling; an aim of this project's own. */
const ALLOWANCE_MIB = 20;

/** Memory of every process that has become idle after many calls, all-in-one after as many beside. */
export async function measureCalls(scenes: Scenes, count: number): Promise<readonly Row[]> {
  const { kubelet, server } = await scenes.getAllInOne();
  const { kubelets, controller, cluster } = await scenes.getSplit();
  const lives = Math.ceil(count / CALLS_PER_LIFE);
  await callOften([kubelet], server.controller, lives);
  await callOften(kubelets, controller.controller, lives);
  await sleep(IDLE_AFTER_MS);
  const allInOne = await readResidentMiB(server.pid);
  const members = [
    { role: 'controller', pids: [controller.program.pid] },
    { role: 'node', pids: cluster.nodes.map(({ program }) => program.pid) },
  ] as const;
  const rows: Row[] = [];
  for (const { role, pids } of members) {
    rows.push({
      ...toBudgetRow({
        what: `idle memory (RSS) after ${lives * CALLS_PER_LIFE} calls, ${role}`,
        value: Math.max(...(await Promise.all(pids.map((pid) => readResidentMiB(pid))))),
        unit: 'MiB',
        budget: PROCESS_BUDGETS[role].memoryMiB + ALLOWANCE_MIB,
      }),
      usual: `${allInOne} MiB (all-in-one)`,
    });
  }
  return rows;
}

async function callOften(
  kubelets: readonly Kubelet[],
  controller: RpcClient<ControllerDefinition>,
  lives: number,
): Promise<void> {
  await rate(lives, AT_ONCE, async (index) => {
    const kubelet = kubelets[index % kubelets.length];
    if (kubelet === undefined) throw new Error('there is no node');
    const bound = await kubelet.create(CLAIM);
    await controller.ControllerGetVolume({ volumeId: bound.volumeId });
    await controller.GetCapacity({ parameters: { pool: 'btrfs' } });
    await controller.ListVolumes({});
    await kubelet.remove(bound);
  });
}
