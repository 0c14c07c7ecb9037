import { execFile } from 'node:child_process';
import { truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { makeScratchDirectory } from '../../support/scratch.ts';
import { createSeededRandom } from '../../support/seeded-random.ts';
import { bootGuest, type Guest } from '../../support/uml.ts';
import { type Line, type Looked, type Plan, parseLine } from './journal.ts';

const DISK_BYTES = 3 * 2 ** 30;
/** From one thing that is waited for to the next; the machine that runs this may be a busy one. */
const WITHIN_MS = 240_000;

/** How power went and what was found after it. */
export interface CutReport {
  /** When it went, for the reader. */
  readonly moments: readonly string[];
  readonly faults: readonly string[];
  readonly looked: Looked | undefined;
}

/** One machine whose power goes again and again, with its disks and the journal of what it has answered. */
export interface PowerCutSession extends AsyncDisposable {
  /** Lets the machine work, takes its power at a moment that follows from the seed, boots it again, and hands back what its check found. */
  cut(number: number): Promise<CutReport>;
  /** Takes its power once more, and then lets the machine remove everything and end. */
  finish(): Promise<CutReport>;
}

/** A machine that runs, and where in the journal its lines begin. */
interface Machine {
  readonly guest: Guest;
  readonly firstLine: number;
}

/** What a session is made of. */
export interface PowerCutOptions {
  readonly seed: number;
  /** Takes the effect of the server's fsync away, to see that the suite finds out. */
  readonly isWithoutSync: boolean;
}

/** Makes blank disks; the first cut boots the machine for the first time. */
export async function createPowerCutSession({
  seed,
  isWithoutSync,
}: PowerCutOptions): Promise<PowerCutSession> {
  await using undo = new AsyncDisposableStack();
  const scratch = undo.use(await makeScratchDirectory());
  const disks = [join(scratch.path, 'xfs.img'), join(scratch.path, 'ext4.img')];
  for (const disk of disks) {
    await writeFile(disk, '');
    await truncate(disk, DISK_BYTES);
  }
  const compileCache = join(scratch.path, 'compile-cache');
  await fillCompileCache(compileCache);
  const journal: Line[] = [];
  let boot = 0;
  let arrival = Promise.withResolvers<void>();
  let running: Machine | undefined;
  undo.defer(async () => await running?.guest[Symbol.asyncDispose]());

  async function start(mode: Plan['mode']): Promise<Machine> {
    boot += 1;
    const plan: Plan = {
      seed,
      boot,
      mode,
      isWithoutSync,
      journal: journal.filter(({ say }) => say !== 'fault'),
    };
    const firstLine = journal.length;
    const guest = await bootGuest({
      command: ['node', 'test/uml/power-cut/guest.ts'],
      environment: { NODE_COMPILE_CACHE: `/run/machine${compileCache}` },
      files: { 'plan.json': JSON.stringify(plan) },
      disks,
      onLine(text) {
        const line = parseLine(text);
        if (line !== undefined) journal.push(line);
        arrival.resolve();
        arrival = Promise.withResolvers();
      },
    });
    running = { guest, firstLine };
    return running;
  }

  async function takePower({ guest }: Machine): Promise<void> {
    await guest.cutPower();
    await guest[Symbol.asyncDispose]();
    running = undefined;
  }

  function listLines({ firstLine }: Machine): readonly Line[] {
    return journal.slice(firstLine);
  }

  /** Waits until the machine has said `count` lines of a kind. Throws when it ends, or does not in time. */
  async function untilSaid(machine: Machine, kind: Line['say'], count: number): Promise<void> {
    const late = AbortSignal.timeout(WITHIN_MS);
    let hasEnded = false;
    const noteEnd = async (): Promise<void> => {
      await machine.guest.ended;
      hasEnded = true;
    };
    const ended = noteEnd();
    for (;;) {
      const next = arrival.promise;
      const said = listLines(machine);
      if (said.filter(({ say }) => say === kind).length >= count) return;
      if (hasEnded || late.aborted) {
        const why = hasEnded ? 'ended by itself' : `has not come to "${kind}" within ${WITHIN_MS} ms`;
        const faults = listFaults(said).join('\n');
        throw new Error(`The machine ${why}. ${faults}\nIts console:\n${machine.guest.output()}`);
      }
      await Promise.race([next, ended, sleep(1000)]);
    }
  }

  /** A power cut in the midst of work; sometimes another one while the machine recovers from it. */
  async function losePower(number: number): Promise<readonly string[]> {
    const machine = running ?? (await start('first'));
    const random = createSeededRandom(seed, 'cut', number);
    await untilSaid(machine, 'checked', 1);
    const before = countAnswers(listLines(machine));
    const answers = random.between(1, 50);
    await untilSaid(machine, 'answered', before + answers);
    const delayMs = random.between(0, 40);
    await sleep(delayMs);
    await takePower(machine);
    const moments = [`${answers} answers and ${delayMs} ms after the check`];
    if (!random.chance(0.25)) return moments;
    const again = await start('work');
    await untilSaid(again, 'starting', 1);
    const recoveringMs = random.between(0, 4000);
    await sleep(recoveringMs);
    await takePower(again);
    return [...moments, `${recoveringMs} ms after the next start`];
  }

  function toReport(moments: readonly string[], firstLine: number): CutReport {
    const said = journal.slice(firstLine);
    return {
      moments,
      faults: listFaults(said),
      looked: said.findLast((line) => line.say === 'checked')?.looked,
    };
  }

  const resources = undo.move();
  return {
    async cut(number) {
      const firstLine = journal.length;
      const moments = await losePower(number);
      await untilSaid(await start('work'), 'checked', 1);
      return toReport(moments, firstLine);
    },
    async finish() {
      const firstLine = journal.length;
      const moments = await losePower(Number.MAX_SAFE_INTEGER);
      const { guest } = await start('last');
      const { exitCode, output } = await guest.finish(WITHIN_MS);
      const report = toReport(moments, firstLine);
      if (exitCode === 0 || report.faults.length > 0) return report;
      return { ...report, faults: [`The machine ended with ${exitCode}. Its console:\n${output}`] };
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function countAnswers(lines: readonly Line[]): number {
  return lines.filter((line) => line.say === 'answered').length;
}

function listFaults(lines: readonly Line[]): readonly string[] {
  return lines.flatMap((line) => (line.say === 'fault' ? [line.text] : []));
}

/** Compiles here what each boot of the machine needs: there it takes seconds, and the power goes before it is saved. */
async function fillCompileCache(directory: string): Promise<void> {
  const modules = [
    'src/main/all-in-one.ts',
    'src/host/syscalls/operations.ts',
    'test/uml/power-cut/check.ts',
  ];
  const imports = modules.map((path) => `await import(${JSON.stringify(resolve(path))});`);
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', imports.join('')], {
    env: { ...process.env, NODE_COMPILE_CACHE: directory },
  });
}
