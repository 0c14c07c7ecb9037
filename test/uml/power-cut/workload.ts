import { createSeededRandom, type SeededRandom } from '../../support/seeded-random.ts';
import { makeContent, toSha256, writeDurably } from './content.ts';
import { SHAPES } from './disks.ts';
import type { Driver } from './driver.ts';
import type { Expectations } from './expectations.ts';
import type { Plan } from './journal.ts';
import type { Recorder } from './recorder.ts';

const MI = 2 ** 20;
const MOST_VOLUMES = 2;
const MOST_SNAPSHOTS = 2;
const MOST_BYTES = 128 * MI;

/** What a workload does its work with. */
export interface WorkloadOptions {
  readonly plan: Plan;
  readonly driver: Driver;
  readonly record: Recorder;
  /** What is there already; the workers go on with it. */
  readonly expectations: Expectations;
}

interface WorkVolume {
  readonly name: string;
  sizeBytes: number;
  isAttached: boolean;
}

/** Everything that one worker knows. Workers share nothing but the server. */
interface Worker {
  readonly shape: string;
  readonly prefix: string;
  readonly random: SeededRandom;
  readonly driver: Driver;
  readonly record: Recorder;
  readonly volumes: WorkVolume[];
  /** Names of snapshots, and the least size of what is restored from each. */
  readonly snapshots: Map<string, number>;
  count: number;
}

type Action = (worker: Worker) => Promise<void>;

/** Keeps one worker of each shape busy for ever. Rejects with the first failure. */
export async function runWorkload(options: WorkloadOptions): Promise<never> {
  const workers = Object.keys(SHAPES).map((shape, index) => createWorker(options, shape, index));
  return await Promise.race(workers.map(runForEver));
}

async function runForEver(worker: Worker): Promise<never> {
  for (;;) await worker.random.pick(listActions(worker))(worker);
}

function createWorker(
  { plan, driver, record, expectations }: WorkloadOptions,
  shape: string,
  index: number,
): Worker {
  const shapeOf = (name: string): string | undefined => expectations.volumes.get(name)?.created.shape;
  const volumes = [...expectations.volumes.values()].filter((one) => one.deletion === 'none');
  const snapshots = [...expectations.snapshots.values()].filter((one) => one.deletion === 'none');
  return {
    shape,
    prefix: `b${plan.boot}-w${index}`,
    random: createSeededRandom(plan.seed, plan.boot, shape),
    driver,
    record,
    volumes: volumes
      .filter(({ created }) => created.shape === shape)
      .map(({ created, sizeBytes }) => ({ name: created.name, sizeBytes, isAttached: false })),
    snapshots: new Map(
      snapshots
        .filter(({ created }) => shapeOf(created.volume) === shape)
        .map(({ created, answer }) => [created.name, answer?.sizeBytes ?? MOST_BYTES]),
    ),
    count: 0,
  };
}

/** What a worker may do next; what is to happen more often is in it more than once. */
function listActions({ volumes, snapshots }: Worker): readonly Action[] {
  const hasVolume = volumes.length > 0;
  const hasRoom = volumes.length < MOST_VOLUMES;
  const choices: readonly (readonly [isPossible: boolean, ...Action[]])[] = [
    [hasRoom, create],
    [hasVolume, write, write, write, expand, detach],
    [hasVolume && hasRoom, clone],
    [hasVolume && snapshots.size < MOST_SNAPSHOTS, cut, cut],
    [hasRoom && snapshots.size > 0, restore],
    [volumes.length > 1, deleteVolume],
    [snapshots.size > 1, deleteSnapshot],
  ];
  return choices.flatMap(([isPossible, ...actions]) => (isPossible ? actions : []));
}

function makeName(worker: Worker, kind: string): string {
  worker.count += 1;
  return `${worker.prefix}-${kind}${worker.count}`;
}

async function create(worker: Worker): Promise<void> {
  await createFrom(worker, worker.random.between(3, 5) * 16 * MI, undefined);
}

async function clone(worker: Worker): Promise<void> {
  const volume = worker.random.pick(worker.volumes);
  await prepareToCopy(worker, volume);
  const { name, sizeBytes } = volume;
  await createFrom(worker, sizeBytes, { kind: 'volume', name });
}

async function restore(worker: Worker): Promise<void> {
  const [name, sizeBytes] = worker.random.pick([...worker.snapshots]);
  await createFrom(worker, sizeBytes, { kind: 'snapshot', name });
}

async function createFrom(
  worker: Worker,
  sizeBytes: number,
  source: { readonly kind: 'volume' | 'snapshot'; readonly name: string } | undefined,
): Promise<void> {
  const name = makeName(worker, 'v');
  const operation = { kind: 'create-volume', name, shape: worker.shape, sizeBytes } as const;
  const answer = await worker.record.call(source === undefined ? operation : { ...operation, source });
  worker.volumes.push({ name, sizeBytes: answer.sizeBytes ?? sizeBytes, isAttached: false });
}

async function write(worker: Worker): Promise<void> {
  const volume = worker.random.pick(worker.volumes);
  const path = await worker.driver.attach(volume.name);
  volume.isAttached = true;
  const file = makeName(worker, 'f');
  const content = makeContent(file);
  const operation = { kind: 'write', volume: volume.name, file, sha256: toSha256(content) } as const;
  await worker.record.write(operation, () => writeDurably(path, file, content));
}

async function detach(worker: Worker): Promise<void> {
  await detachOne(worker, worker.random.pick(worker.volumes));
}

async function detachOne(worker: Worker, volume: WorkVolume): Promise<void> {
  if (volume.isAttached) await worker.driver.detach(volume.name);
  volume.isAttached = false;
}

async function prepareToCopy(worker: Worker, volume: WorkVolume): Promise<void> {
  if (SHAPES[worker.shape]?.isCopiedInUse === false) await detachOne(worker, volume);
}

async function expand(worker: Worker): Promise<void> {
  const volume = worker.random.pick(worker.volumes);
  const sizeBytes = Math.min(volume.sizeBytes + 8 * MI, MOST_BYTES);
  const answer = await worker.record.call({ kind: 'expand-volume', name: volume.name, sizeBytes });
  volume.sizeBytes = answer.sizeBytes ?? sizeBytes;
  if (volume.isAttached) await worker.driver.growAttached(volume.name, volume.sizeBytes);
}

async function cut(worker: Worker): Promise<void> {
  const volume = worker.random.pick(worker.volumes);
  await prepareToCopy(worker, volume);
  const name = makeName(worker, 's');
  const answer = await worker.record.call({ kind: 'create-snapshot', name, volume: volume.name });
  worker.snapshots.set(name, answer.sizeBytes ?? volume.sizeBytes);
}

async function deleteVolume(worker: Worker): Promise<void> {
  const volume = worker.random.pick(worker.volumes);
  await detachOne(worker, volume);
  await worker.record.call({ kind: 'delete-volume', name: volume.name });
  worker.volumes.splice(worker.volumes.indexOf(volume), 1);
}

async function deleteSnapshot(worker: Worker): Promise<void> {
  const [name] = worker.random.pick([...worker.snapshots]);
  await worker.record.call({ kind: 'delete-snapshot', name });
  worker.snapshots.delete(name);
}
