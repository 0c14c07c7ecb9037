import { expect, it } from 'vitest';
import type { GuestReport } from '../support/uml-suites.ts';

/** Whether guests are not to be booted. */
export function skipsGuests(): boolean {
  return process.env['SKIP_ROOT_TESTS'] === '1';
}

/** Runs suites in a guest, if guests are to be booted; what goes wrong beside them is a fault of the report. */
export async function collectReport(run: () => Promise<GuestReport>): Promise<GuestReport> {
  if (skipsGuests()) return { tests: [], faults: [] };
  try {
    return await run();
  } catch (error) {
    return { tests: [], faults: [String(error)] };
  }
}

/** Registers, in a group of the caller's, each test that ran in a guest as one of ours, so that it is reported and counted as one. */
export function registerTests(report: GuestReport): void {
  it.skipIf(skipsGuests())('every suite runs to its end', () => {
    expect(report.faults.join('\n')).toBe('');
  });

  // As tuples, since vitest shortens what `$name` stands for.
  it.for(report.tests.map((test) => [test.name, test] as const))('%s', ([, test], { skip }) => {
    skip(test.outcome === 'skipped', 'skipped in the guest');

    expect(test).toMatchObject({ outcome: 'passed', message: '' });
  });
}
