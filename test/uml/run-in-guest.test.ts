import { describe, expect, it } from 'vitest';
import { type GuestReport, runSuitesInGuest } from '../support/uml-suites.ts';

const SKIPPED = process.env['SKIP_ROOT_TESTS'] === '1';

/**
 * The suites of guest/ run in one User-mode Linux before the tests are registered, so that each of theirs is reported as one of
 * ours and counts as one. UML_SUITE=quota runs only those with that in their file's name.
 */
async function run(): Promise<GuestReport> {
  if (SKIPPED) return { tests: [], faults: [] };
  try {
    return await runSuitesInGuest({
      folder: `${import.meta.dirname}/guest`,
      config: 'test/uml/vitest.guest.config.ts',
      scratchMiB: 16_384,
      deadlineMs: 900_000,
      only: process.env['UML_SUITE'],
    });
  } catch (error) {
    return { tests: [], faults: [String(error)] };
  }
}

const report = await run();

describe('in User-mode Linux', () => {
  it.skipIf(SKIPPED)('every suite runs to its end', () => {
    expect(report.faults.join('\n')).toBe('');
  });

  // As tuples, since vitest shortens what `$name` stands for.
  it.for(report.tests.map((test) => [test.name, test] as const))('%s', ([, test], { skip }) => {
    skip(test.outcome === 'skipped', 'skipped in the guest');

    expect(test).toMatchObject({ outcome: 'passed', message: '' });
  });
});
