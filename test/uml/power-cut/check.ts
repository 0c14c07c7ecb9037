import { compareFiles } from './content.ts';
import { SHAPES } from './disks.ts';
import type { Driver } from './driver.ts';
import type { Expectations, ExpectedSnapshot, ExpectedVolume } from './expectations.ts';
import type { Answer, Looked } from './journal.ts';
import { listLeaks } from './leaks.ts';
import type { Recorder } from './recorder.ts';

/** How many volumes are looked at at once. */
const LANES = 4;

/** What a check looks with. */
export interface CheckOptions {
  /** As of now: calls that this makes through the recorder are in it. */
  readonly expect: () => Expectations;
  readonly driver: Driver;
  readonly record: Recorder;
  /** Tells volumes that this makes from those of earlier checks. */
  readonly boot: string;
  /** Takes sentences that say what is wrong. */
  readonly fault: (text: string) => void;
}

/**
 * Looks at everything that the journal promises, and makes every call again: what was answered must be there with the same answer, what was
 * not is settled by that. Then nothing else may be there.
 */
export async function check(options: CheckOptions): Promise<Looked> {
  const startedAt = performance.now();
  await checkListed(options);
  await repeatCalls(options);
  await checkNothingElse(options);
  const files = await checkContents(options);
  for (const leak of await listLeaks(options.driver)) options.fault(leak);
  const { volumes, snapshots } = options.expect();
  const ms = Math.round(performance.now() - startedAt);
  return { volumes: countPresent(volumes), snapshots: countPresent(snapshots), files, ms };
}

function isPresent(one: ExpectedVolume | ExpectedSnapshot): boolean {
  return one.deletion === 'none';
}

function countPresent(all: ReadonlyMap<string, ExpectedVolume | ExpectedSnapshot>): number {
  return [...all.values()].filter(isPresent).length;
}

/** Before any call is repeated: what was answered is listed, with its size; what is deleted is not. */
async function checkListed({ expect, driver, fault }: CheckOptions): Promise<void> {
  const { volumes, snapshots } = expect();
  const [listedVolumes, listedSnapshots] = [await driver.listVolumes(), await driver.listSnapshots()];
  for (const [name, volume] of volumes) {
    const sizes = [volume.sizeBytes, volume.pendingBytes];
    const wrong = judge(volume, listedVolumes.get(volume.answer?.id ?? ''), sizes);
    if (wrong !== undefined) fault(`volume ${name}: ${wrong}`);
  }
  for (const [name, snapshot] of snapshots) {
    const wrong = judge(snapshot, listedSnapshots.get(snapshot.answer?.id ?? ''), [
      snapshot.answer?.sizeBytes,
    ]);
    if (wrong !== undefined) fault(`snapshot ${name}: ${wrong}`);
  }
}

function judge(
  one: ExpectedVolume | ExpectedSnapshot,
  listedBytes: number | undefined,
  sizes: readonly (number | undefined)[],
): string | undefined {
  if (one.deletion === 'done') {
    return listedBytes === undefined ? undefined : 'its deletion was answered, and it is listed';
  }
  if (listedBytes === undefined) {
    const isLost = one.answer !== undefined && one.deletion === 'none';
    return isLost ? 'its creation was answered, and it is not listed' : undefined;
  }
  if (sizes.includes(listedBytes)) return undefined;
  return `it is listed with ${listedBytes} bytes, not with ${sizes.filter((size) => size !== undefined).join(' or ')}`;
}

/** In the order of the journal, in which a source comes before what is made of it. */
async function repeatCalls(options: CheckOptions): Promise<void> {
  const { volumes, snapshots } = options.expect();
  for (const volume of volumes.values()) await repeatVolume(options, volume);
  for (const snapshot of snapshots.values()) await repeatSnapshot(options, snapshot);
  // A volume that was to be made of a snapshot whose own creation was not answered cannot exist, so one round is enough.
}

async function repeatVolume({ record, fault }: CheckOptions, volume: ExpectedVolume): Promise<void> {
  const { created, answer, deletion, pendingBytes } = volume;
  const { name } = created;
  if (deletion !== 'none') {
    await record.call({ kind: 'delete-volume', name });
    return;
  }
  const again = await record.call(created);
  if (answer !== undefined) {
    const expected = [volume.sizeBytes, pendingBytes];
    compareAnswers({ name, answer, again, sizes: expected }, fault);
  }
  const sizeBytes = pendingBytes ?? volume.sizeBytes;
  const expanded = await record.call({ kind: 'expand-volume', name, sizeBytes });
  if (expanded.sizeBytes !== sizeBytes) {
    fault(`volume ${name}: its expansion to ${sizeBytes} bytes, repeated, answers ${expanded.sizeBytes}`);
  }
}

async function repeatSnapshot({ record, fault }: CheckOptions, snapshot: ExpectedSnapshot): Promise<void> {
  const { created, answer, deletion } = snapshot;
  const { name } = created;
  if (deletion !== 'none') {
    await record.call({ kind: 'delete-snapshot', name });
    return;
  }
  const again = await record.call(created);
  if (answer !== undefined) compareAnswers({ name, answer, again, sizes: [answer.sizeBytes] }, fault);
}

interface Repeated {
  readonly name: string;
  readonly answer: Answer;
  readonly again: Answer;
  readonly sizes: readonly (number | undefined)[];
}

function compareAnswers({ name, answer, again, sizes }: Repeated, fault: CheckOptions['fault']): void {
  if (again.id !== answer.id) fault(`${name}: its creation answered ${answer.id}, and repeated ${again.id}`);
  if (!sizes.includes(again.sizeBytes)) {
    fault(`${name}: its creation, repeated, answers ${again.sizeBytes} bytes, not ${sizes.join(' or ')}`);
  }
}

async function checkNothingElse({ expect, driver, fault }: CheckOptions): Promise<void> {
  const { volumes, snapshots } = expect();
  for (const [what, listed, expected] of [
    ['volume', await driver.listVolumes(), volumes],
    ['snapshot', await driver.listSnapshots(), snapshots],
  ] as const) {
    const known = new Set([...expected.values()].filter(isPresent).map((one) => one.answer?.id));
    for (const id of listed.keys()) {
      if (!known.has(id)) fault(`${what} ${id} is listed, and nobody asked for it`);
    }
  }
}

/** Every volume can be used, and holds what was synced into it. So can what is made of each snapshot. Returns how many files were looked at. */
async function checkContents(options: CheckOptions): Promise<number> {
  const { volumes, snapshots } = options.expect();
  const checks: (() => Promise<number>)[] = [];
  for (const [name, volume] of volumes) {
    const { shape } = volume.created;
    if (isPresent(volume)) checks.push(() => checkContent(options, name, { ...volume, shape }));
  }
  for (const snapshot of snapshots.values()) {
    const source = volumes.get(snapshot.created.volume);
    if (isPresent(snapshot) && source !== undefined)
      checks.push(() => checkSnapshot(options, snapshot, source));
  }
  let files = 0;
  const work = async (): Promise<void> => {
    for (let next = checks.shift(); next !== undefined; next = checks.shift()) {
      const looked = await next();
      files += looked;
    }
  };
  await Promise.all(Array.from({ length: LANES }, work));
  return files;
}

/** Makes a volume of a snapshot, which holds what was synced before the cut and nothing from after it. */
async function checkSnapshot(
  options: CheckOptions,
  snapshot: ExpectedSnapshot,
  source: ExpectedVolume,
): Promise<number> {
  const { name } = snapshot.created;
  const restored = `${name}-restored-${options.boot}`;
  const sizeBytes = snapshot.answer?.sizeBytes ?? source.sizeBytes;
  const { shape } = source.created;
  const from = { shape, source: { kind: 'snapshot', name } } as const;
  await options.record.call({ kind: 'create-volume', name: restored, sizeBytes, ...from });
  const files = await checkContent(options, restored, { files: snapshot.files, sizeBytes, shape });
  await options.record.call({ kind: 'delete-volume', name: restored });
  return files;
}

/** What a volume holds, and how large it is to those who use it. */
interface Expected extends Pick<ExpectedVolume, 'files' | 'sizeBytes'> {
  readonly shape: string;
}

async function checkContent(
  { driver, fault }: CheckOptions,
  name: string,
  { files, sizeBytes, shape }: Expected,
): Promise<number> {
  const path = await driver.attach(name);
  for (const wrong of await compareFiles(path, files)) fault(`volume ${name}: ${wrong}`);
  const totalBytes = await driver.getTotalBytes(name);
  // A file system of an image keeps some of it for itself.
  const isRight = totalBytes <= sizeBytes && totalBytes > 0.7 * sizeBytes;
  if (SHAPES[shape]?.isLimited === true && !isRight) {
    fault(`volume ${name}: it has ${sizeBytes} bytes, and to those who use it ${totalBytes}`);
  }
  await driver.detach(name);
  return files.whole.size;
}
