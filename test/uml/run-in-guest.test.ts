import { describe } from 'vitest';
import { runSuitesInGuest } from '../support/uml-suites.ts';
import { collectReport, registerTests } from './report-guest.ts';

/**
 * The suites of guest/ run in one User-mode Linux before the tests are registered, so that each of theirs is reported as one of
 * ours and counts as one. UML_SUITE=quota runs only those with that in their file's name.
 */
const report = await collectReport(
  async () =>
    await runSuitesInGuest({
      folder: `${import.meta.dirname}/guest`,
      config: 'test/uml/vitest.guest.config.ts',
      scratchMiB: 16_384,
      deadlineMs: 900_000,
      only: process.env['UML_SUITE'],
    }),
);

describe('in User-mode Linux', () => {
  registerTests(report);
});
