import { describe } from 'vitest';
import { findSanityProgram } from '../support/csi-sanity.ts';
import { runSuitesInGuest } from '../support/uml-suites.ts';
import { collectReport, registerTests } from './report-guest.ts';

/** The suites of guest-nfs/: kernel NFS servers and clients of one User-mode Linux. UML_SUITE=grace runs only some. */
const report = await collectReport(async () => {
  // It is built on the machine; the guest has that below /run/machine.
  const sanity = await findSanityProgram();
  return await runSuitesInGuest({
    folder: `${import.meta.dirname}/guest-nfs`,
    config: 'test/uml/vitest.guest.config.ts',
    scratchMiB: 8192,
    deadlineMs: 600_000,
    only: process.env['UML_SUITE'],
    ...(sanity === undefined ? {} : { environment: { SANITY_PROGRAM: `/run/machine${sanity}` } }),
  });
});

describe('NFS in User-mode Linux', () => {
  registerTests(report);
});
