import { describe } from 'vitest';
import { runSuitesInGuest } from '../support/uml-suites.ts';
import { collectReport, registerTests } from './report-guest.ts';

/** The suites of guest-nfs/: kernel NFS servers and clients of one User-mode Linux. UML_SUITE=grace runs only some. */
const report = await collectReport(
  async () =>
    await runSuitesInGuest({
      folder: `${import.meta.dirname}/guest-nfs`,
      config: 'test/uml/vitest.guest.config.ts',
      scratchMiB: 8192,
      deadlineMs: 600_000,
      only: process.env['UML_SUITE'],
    }),
);

describe('NFS in User-mode Linux', () => {
  registerTests(report);
});
