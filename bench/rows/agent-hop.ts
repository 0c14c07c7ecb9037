import { toRequest } from '../../test/contract/file-store.ts';
import { makeLocalStore } from '../../test/contract/file-store-local.ts';
import { makeRemoteStore } from '../../test/contract/file-store-remote.ts';
import type { FileStore } from '../../src/filestore/file-store.ts';
import { sample, summarize, timed } from '../samples.ts';
import { formatMs, type Row, toTimeRow } from '../table.ts';

const GiB = 2 ** 30;
const MiB = 2 ** 20;
const WARM_UP = 400;
const CREATES = 300;
const FINDS = 2000;
const CREATE_BUDGET_MS = 1;
const FIND_BUDGET_MS = 1;

/** What the way over an agent adds, with mutual TLS on loopback: the same store, called in the process and through its agent. */
export async function measureAgentHop(): Promise<readonly Row[]> {
  const signal = new AbortController().signal;
  const local = await makeLocalStore({ type: 'btrfs', sizeBytes: 8 * GiB });
  await using remote = await makeRemoteStore(local);
  const { id } = await local.store.createVolume(toRequest('found'), signal);
  const find = await sample(FINDS, () => remote.store.findVolume({ id }, signal));
  const range = { requiredBytes: MiB, limitBytes: undefined };
  const create = async (store: FileStore, name: string): Promise<number> =>
    (await timed(() => store.createVolume(toRequest(name, { range }), signal))).ms;
  const times = { near: [] as number[], far: [] as number[] };
  // In turns, so that what else the machine does meets both.
  for (let index = 0; index < WARM_UP + CREATES; index += 1) {
    const nearMs = await create(local.store, `near-${index}`);
    const farMs = await create(remote.store, `far-${index}`);
    if (index < WARM_UP) continue;
    times.near.push(nearMs);
    times.far.push(farMs);
  }
  const [near, far] = [summarize(times.near), summarize(times.far)];
  const addedMs = far.p50Ms - near.p50Ms;
  return [
    {
      what: 'what the agent adds to a create, mutual TLS on loopback',
      ours: `${formatMs(addedMs)} (${formatMs(far.p50Ms)} through it)`,
      usual: `${formatMs(near.p50Ms)} (in one process)`,
      ratio: '',
      budget: `≤ ${CREATE_BUDGET_MS} ms`,
      isMet: addedMs <= CREATE_BUDGET_MS,
    },
    toTimeRow({
      what: 'finding a volume through the agent',
      ours: find,
      usual: undefined,
      budgetMs: FIND_BUDGET_MS,
    }),
  ];
}
