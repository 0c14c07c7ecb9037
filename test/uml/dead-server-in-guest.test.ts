import { describe } from 'vitest';
import { createNfsTier } from '../support/nfs/tier.ts';
import { runSuitesInGuest } from '../support/uml-suites.ts';
import { collectReport, registerTests } from './report-guest.ts';

/**
 * The suites of guest-dead-server/: clients in one User-mode Linux, and their server in another, which the suites freeze, and whose power
 * they take. UML_SUITE=power runs only some.
 */
const report = await collectReport(async () => {
  await using tier = await createNfsTier();
  const [, found] = await Promise.all([
    tier.server.boot(),
    runSuitesInGuest({
      folder: `${import.meta.dirname}/guest-dead-server`,
      config: 'test/uml/vitest.guest.config.ts',
      scratchMiB: 8192,
      ...tier.client,
      deadlineMs: 600_000,
      only: process.env['UML_SUITE'],
    }),
  ]);
  return found;
});

describe('an NFS server that dies', () => {
  registerTests(report);
});
