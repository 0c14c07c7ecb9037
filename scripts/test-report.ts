import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { z } from 'zod';

/** How tests ended. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** How a tier ended. */
export interface TierResult {
  readonly counts: Counts;
  /** One line each: where it stands, its name, the first line of what went wrong. */
  readonly failures: readonly string[];
}

const Assertion = z.object({
  status: z.string(),
  fullName: z.string(),
  failureMessages: z.array(z.string()).default([]),
});

const Report = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(
    z.object({
      status: z.string(),
      name: z.string(),
      message: z.string().default(''),
      assertionResults: z.array(Assertion),
    }),
  ),
});

type FileReport = z.infer<typeof Report>['testResults'][number];

/**
 * Reads vitest's JSON report. A file that failed without a failed test (it could not be loaded), a run that failed
 * for a reason of its own, and a report that is missing count as one failure each: nothing broken may look green.
 */
export async function readVitestReport(path: string, hasSucceeded: boolean): Promise<TierResult> {
  const report = await readReport(path);
  if (report === undefined) {
    return {
      counts: { passed: 0, failed: 1, skipped: 0 },
      failures: ['no report: it was killed or could not start'],
    };
  }
  const brokenFiles = report.testResults.filter(isBroken);
  const failed = report.numFailedTests + brokenFiles.length;
  const isOddFailure = failed === 0 && !hasSucceeded;
  return {
    counts: {
      passed: report.numPassedTests,
      failed: isOddFailure ? 1 : failed,
      skipped: report.numPendingTests + report.numTodoTests,
    },
    failures: isOddFailure
      ? ['no test failed but the run did: see the errors in its output']
      : report.testResults.flatMap(listFailures),
  };
}

/** Adds counts up. */
export function sum(all: readonly Counts[]): Counts {
  return all.reduce(
    (total, counts) => ({
      passed: total.passed + counts.passed,
      failed: total.failed + counts.failed,
      skipped: total.skipped + counts.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}

function isBroken(file: FileReport): boolean {
  return file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed');
}

function listFailures(file: FileReport): readonly string[] {
  const path = relative(process.cwd(), file.name);
  if (isBroken(file)) return [`${path}: ${getFirstLine(file.message)}`];
  return file.assertionResults
    .filter((test) => test.status === 'failed')
    .map((test) => `${path} > ${test.fullName}: ${getFirstLine(test.failureMessages[0] ?? '')}`);
}

function getFirstLine(message: string): string {
  return (message.split('\n')[0] ?? '').slice(0, 400);
}

async function readReport(path: string): Promise<z.infer<typeof Report> | undefined> {
  try {
    return Report.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // A run that was killed leaves no report, or half of one.
    return undefined;
  }
}
