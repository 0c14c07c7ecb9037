import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { answerLine } from './line-questions.ts';
import { bootGuest, type Guest, type GuestOptions } from './uml.ts';

/** What of vitest's JSON report is of use here. */
const Report = z.object({
  testResults: z.array(
    z.object({
      /** Path of the file. */
      name: z.string(),
      /** Why the file as a whole failed, or nothing. */
      message: z.string(),
      assertionResults: z.array(
        z.object({
          ancestorTitles: z.array(z.string()),
          title: z.string(),
          status: z.enum(['passed', 'failed', 'skipped', 'pending', 'todo', 'disabled']),
          failureMessages: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

/** One test that ran in a guest. */
export interface GuestTest {
  /** File, groups and title. */
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Empty unless it failed. */
  readonly message: string;
}

/** What came of all suites. */
export interface GuestReport {
  readonly tests: readonly GuestTest[];
  /** What went wrong beside the tests: a suite that did not load or has no test, a guest that died. */
  readonly faults: readonly string[];
}

/** Which suites to run, and in what. */
export interface SuitesOptions extends Pick<GuestOptions, 'scratchMiB' | 'port' | 'environment'> {
  /** Folder with the `*.guest.ts` files. */
  readonly folder: string;
  /** A vitest configuration, relative to the project. */
  readonly config: string;
  readonly deadlineMs: number;
  /** What to answer when a suite asks something over its serial line. Default: it is not read. */
  readonly answer?: (words: readonly string[]) => Promise<string>;
  /** Part of the name of the only suites that are of interest. */
  readonly only?: string | undefined;
}

/** Boots a guest, runs vitest in it on every suite of the folder, and tells what came of it. Throws only when there is no guest. */
export async function runSuitesInGuest(options: SuitesOptions): Promise<GuestReport> {
  const files = (await readdir(options.folder)).filter(
    (name) => name.endsWith('.guest.ts') && name.includes(options.only ?? ''),
  );
  await using guest = await bootGuest({
    command: [
      'sh',
      '-c',
      `exec vitest run --config ${options.config} --dir ${options.folder} ${options.only ?? ''} --outputFile="$EXCHANGE/report.json"`,
    ],
    ...(options.scratchMiB === undefined ? {} : { scratchMiB: options.scratchMiB }),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.environment === undefined ? {} : { environment: options.environment }),
    onLine(line) {
      if (options.answer !== undefined) void answerLine(line, options.answer, (said) => guest.send(said));
    },
  });
  try {
    const { exitCode, output } = await guest.finish(options.deadlineMs);
    const report = toReport(files, await readReport(guest));
    const isExplained = exitCode === 0 || report.faults.length > 0 || report.tests.some(hasFailed);
    if (isExplained) return report;
    return { ...report, faults: [`vitest ended with ${exitCode} in the guest. Its console:\n${output}`] };
  } catch (error) {
    return { tests: [], faults: [`${String(error)}\n${guest.output()}`] };
  }
}

function hasFailed(test: GuestTest): boolean {
  return test.outcome === 'failed';
}

async function readReport(guest: Guest): Promise<z.infer<typeof Report>> {
  return Report.parse(JSON.parse(await readFile(join(guest.exchange, 'report.json'), 'utf8')));
}

function toReport(files: readonly string[], report: z.infer<typeof Report>): GuestReport {
  const tests = report.testResults.flatMap((file) =>
    file.assertionResults.map((test) => ({
      name: [basename(file.name, '.guest.ts'), ...test.ancestorTitles, test.title].join(' > '),
      outcome: toOutcome(test.status),
      message: (test.failureMessages ?? []).join('\n'),
    })),
  );
  const broken = report.testResults.filter((file) => file.message !== '');
  const withTests = report.testResults.filter((file) => file.assertionResults.length > 0);
  const ran = new Set(withTests.map((file) => basename(file.name)));
  return {
    tests,
    faults: [
      ...broken.map((file) => `${basename(file.name)}: ${file.message}`),
      ...files.filter((name) => !ran.has(name)).map((name) => `${name}: not one of its tests was run.`),
    ],
  };
}

function toOutcome(status: string): GuestTest['outcome'] {
  if (status === 'passed' || status === 'failed') return status;
  return 'skipped';
}
