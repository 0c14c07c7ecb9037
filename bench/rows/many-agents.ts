import { setTimeout as sleep } from 'node:timers/promises';
import { TOPOLOGY_KEY } from '../../src/backends/hostpath/topology.ts';
import { mapParallel } from '../../src/base/parallel.ts';
import { type ManyAgents, startManyAgents } from '../many-agents/cluster.ts';
import { POOL, toRequest } from '../many-agents/volumes.ts';
import { readProcessorMs, readResidentMiB } from '../processes.ts';
import { sample } from '../samples.ts';
import { type Row, toBudgetRow, toTimeRow } from '../table.ts';

const VOLUMES_EACH = 100;
const LIST_BUDGET_MS = 1000;
/** Aims of this project's own. */
const CAPACITY_BUDGET_MS = 20;
const CREATE_BUDGET_MS = 200;
const MEMORY_BUDGET_MIB = 190;
const PROCESSOR_BUDGET_PERCENT = 10;
const LISTINGS = 5;
const CALLS = 40;
const IDLE_MS = 20_000;
/** As many as the controller asks at once. */
const AT_ONCE = 32;

/** A controller of a large cluster: agents in memory, so that what is measured is the controller and its calls. */
export async function measureManyAgents(count: number): Promise<readonly Row[]> {
  await using many = await startManyAgents(count, VOLUMES_EACH);
  const of = `${count} agents, ${count * VOLUMES_EACH} volumes`;
  const idle = await measureIdle(many, of);
  return [
    ...idle,
    await measureListing(many, of),
    await measureCapacity(many, of),
    await measureCreate(many, of),
  ];
}

async function measureListing({ controller, stores }: ManyAgents, of: string): Promise<Row> {
  const signal = new AbortController().signal;
  const request = { maxEntries: 0, startingToken: undefined };
  const ours = await sample(LISTINGS, () => controller.ListVolumes({}));
  const usual = await sample(LISTINGS, () =>
    mapParallel(stores, AT_ONCE, (store) => store.listVolumes(request, signal)),
  );
  return toTimeRow({
    what: `ListVolumes in full, ${of}`,
    ours,
    usual: { samples: usual, how: 'every agent asked directly' },
    budgetMs: LIST_BUDGET_MS,
  });
}

async function measureCapacity({ controller, agents, stores }: ManyAgents, of: string): Promise<Row> {
  const signal = new AbortController().signal;
  const ours = await sample(CALLS, (index) =>
    controller.GetCapacity({ parameters: { pool: POOL }, accessibleTopology: toTopology(agents, index) }),
  );
  const usual = await sample(CALLS, async (index) => stores[index % stores.length]?.getRoom(signal));
  return toTimeRow({
    what: `GetCapacity of one node, ${of}`,
    ours,
    usual: { samples: usual, how: 'its agent asked directly' },
    budgetMs: CAPACITY_BUDGET_MS,
  });
}

async function measureCreate({ controller, agents, stores }: ManyAgents, of: string): Promise<Row> {
  const signal = new AbortController().signal;
  const ours = await sample(CALLS, (index) => {
    const topology = [toTopology(agents, index)];
    return controller.CreateVolume({
      name: `pvc-new-${index}`,
      capacityRange: { requiredBytes: 16 * 2 ** 20 },
      volumeCapabilities: [{ mount: { fsType: '' }, accessMode: { mode: 'SINGLE_NODE_WRITER' } }],
      parameters: { pool: POOL },
      accessibilityRequirements: { requisite: topology, preferred: topology },
    });
  });
  const usual = await sample(CALLS, async (index) =>
    stores[index % stores.length]?.createVolume(toRequest(`pvc-direct-${index}`), signal),
  );
  return toTimeRow({
    what: `CreateVolume for one node, ${of}`,
    ours,
    usual: { samples: usual, how: 'its agent asked directly' },
    budgetMs: CREATE_BUDGET_MS,
  });
}

async function measureIdle({ program: { pid } }: ManyAgents, of: string): Promise<readonly Row[]> {
  const before = await readProcessorMs(pid);
  await sleep(IDLE_MS);
  const share = ((await readProcessorMs(pid)) - before) / IDLE_MS;
  return [
    toBudgetRow({
      what: `idle memory (RSS), controller, ${of}`,
      value: await readResidentMiB(pid),
      unit: 'MiB',
      budget: MEMORY_BUDGET_MIB,
    }),
    toBudgetRow({
      what: `idle processor, of one core, controller, ${of}`,
      value: share * 100,
      unit: '%',
      budget: PROCESSOR_BUDGET_PERCENT,
    }),
  ];
}

function toTopology(agents: ManyAgents['agents'], index: number) {
  return { segments: { [TOPOLOGY_KEY]: agents[index % agents.length]?.node ?? '' } };
}
