/**
 * `make test`: every check and every tier but those on demand, or only those that are named as arguments. Goes on after a failing
 * step; the last line is `N passed, N failed, N skipped`, and the exit code is not 0 when anything failed.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Counts, readVitestReport, sum, type TierResult } from './test-report.ts';

/** For the rest of the output of a step that has ended. */
const OUTPUT_GRACE_MS = 10_000;

interface Step {
  readonly name: string;
  readonly argv: readonly [program: string, ...args: string[]];
  /** A tier of vitest, whose tests are counted one by one; another step counts as one. */
  readonly isTier: boolean;
  readonly deadlineMinutes: number;
}

interface Outcome extends TierResult {
  readonly step: Step;
  readonly seconds: number;
}

function createCheck(name: string, argv: Step['argv']): Step {
  return { name, argv, isTier: false, deadlineMinutes: 5 };
}

function createTier(name: string, deadlineMinutes: number): Step {
  return { name, argv: ['vitest', 'run', '--project', name], isTier: true, deadlineMinutes };
}

/**
 * Steps of one lane run one after the other, the lanes beside each other. Everything that mounts on this machine is in
 * one lane; User-mode Linux has a kernel of its own.
 */
const LANES: readonly (readonly Step[])[] = [
  [
    createCheck('types', ['tsc', '--noEmit']),
    createCheck('lint', ['oxlint', '--type-aware', '--deny-warnings']),
    createCheck('format', ['biome', 'format', '.']),
    createCheck('generated', ['node', 'scripts/generate.ts', '--check']),
    createTier('unit', 5),
    createTier('contract', 5),
    createTier('charts', 15),
    createTier('uml', 60),
  ],
  [createTier('integration', 45), createTier('smoke', 15), createTier('sanity', 20)],
];

/** Only when they are named: a cluster takes the whole machine. Its first run builds Kubernetes; its full one takes half an hour. */
const ON_DEMAND: readonly Step[] = [createTier('cluster', 180)];

async function main(names: readonly string[]): Promise<number> {
  const known = [...LANES, ON_DEMAND].flat().map((step) => step.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`There is no step ${unknown.join(', ')}; there are: ${known.join(', ')}.`);
    return 2;
  }
  const stopping = new AbortController();
  const onInterrupt = (): void => stopping.abort();
  process.once('SIGINT', onInterrupt).once('SIGTERM', onInterrupt);
  const reports = await mkdtemp(join(tmpdir(), 'stowage-test-'));
  try {
    const lanes =
      names.length === 0
        ? LANES
        : [...LANES, ON_DEMAND].map((lane) => lane.filter((step) => names.includes(step.name)));
    const isAlone = lanes.flat().length === 1;
    const options: RunOptions = { reports, isAlone, stop: stopping.signal };
    const outcomes = (await Promise.all(lanes.map((lane) => runLane(lane, options)))).flat();
    printSummary(outcomes);
    if (stopping.signal.aborted) return 130;
    return outcomes.some((outcome) => outcome.counts.failed > 0) ? 1 : 0;
  } finally {
    await rm(reports, { recursive: true, force: true });
  }
}

interface RunOptions {
  readonly reports: string;
  /** The only step: its output is shown while it comes. */
  readonly isAlone: boolean;
  /** Somebody interrupts: children are killed, no further step starts. */
  readonly stop: AbortSignal;
}

async function runLane(lane: readonly Step[], options: RunOptions): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const step of lane) {
    if (!options.stop.aborted) outcomes.push(await runStep(step, options));
  }
  return outcomes;
}

async function runStep(step: Step, options: RunOptions): Promise<Outcome> {
  const { reports, isAlone } = options;
  const report = join(reports, `${step.name}.json`);
  const extra = step.isTier ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : [];
  if (!isAlone) console.log(`- ${step.name} …`);
  const startedAt = performance.now();
  const { exitCode, output } = await runChild(step, extra, options);
  const seconds = (performance.now() - startedAt) / 1000;
  const { counts, failures } = step.isTier
    ? await readVitestReport(report, exitCode === 0)
    : countOne(exitCode === 0);
  const isGood = counts.failed === 0;
  if (!isAlone && (!isGood || step.isTier)) process.stdout.write(indent(output));
  console.log(`${isGood ? '✓' : '✗'} ${step.name} (${seconds.toFixed(1)} s): ${format(counts)}`);
  return { step, counts, failures, seconds };
}

function countOne(isGood: boolean): TierResult {
  return isGood
    ? { counts: { passed: 1, failed: 0, skipped: 0 }, failures: [] }
    : { counts: { passed: 0, failed: 1, skipped: 0 }, failures: ['see its output'] };
}

/** Runs one step in a process group of its own; at the deadline the group is killed. Standard input is empty. */
function runChild(
  step: Step,
  extra: readonly string[],
  { isAlone: isLive, stop }: RunOptions,
): Promise<{ exitCode: number; output: string }> {
  const [program, ...args] = step.argv;
  const child = spawn(program, [...args, ...extra], {
    stdio: ['ignore', isLive ? 'inherit' : 'pipe', isLive ? 'inherit' : 'pipe'],
    detached: true,
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  }
  const killGroup = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  const timer = setTimeout(() => {
    chunks.push(`\nKilled: not finished after ${step.deadlineMinutes} minutes.\n`);
    killGroup();
  }, step.deadlineMinutes * 60_000);
  stop.addEventListener('abort', killGroup, { once: true });

  const { promise, resolve } = Promise.withResolvers<{ exitCode: number; output: string }>();
  const settle = (exitCode: number): void => {
    clearTimeout(timer);
    stop.removeEventListener('abort', killGroup);
    for (const stream of [child.stdout, child.stderr]) stream?.destroy();
    resolve({ exitCode, output: chunks.join('') });
  };
  child.once('error', (error) => {
    chunks.push(`${error.message}\n`);
    settle(127);
  });
  child.once('close', (code) => settle(code ?? 137));
  // Something that it left behind may hold its output open.
  child.once('exit', (code) => setTimeout(() => settle(code ?? 137), OUTPUT_GRACE_MS).unref());
  return promise;
}

function indent(output: string): string {
  return output
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}\n`)
    .join('');
}

function format(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}

function printSummary(outcomes: readonly Outcome[]): void {
  console.log('');
  for (const { step, failures } of outcomes) {
    for (const failure of failures) console.log(`FAILED ${step.name}: ${failure}`);
  }
  for (const { step, counts, seconds } of outcomes) {
    console.log(`${step.name.padEnd(12)} ${format(counts).padEnd(40)} ${seconds.toFixed(1).padStart(7)} s`);
  }
  console.log(format(sum(outcomes.map((outcome) => outcome.counts))));
}

process.exitCode = await main(process.argv.slice(2));
