import { describe } from 'vitest';
import { controlServer } from '../support/nfs/server-control.ts';
import { createServerGuest } from '../support/nfs/server-guest.ts';
import { runSuitesInGuest } from '../support/uml-suites.ts';
import { createGuestNetwork } from '../support/uml-network.ts';
import { collectReport, registerTests } from './report-guest.ts';

/**
 * The suites of guest-dead-server/: clients in one User-mode Linux, and their server in another, which the suites freeze, and whose power
 * they take. UML_SUITE=power runs only some.
 */
const report = await collectReport(async () => {
  await using network = await createGuestNetwork(2);
  const [first, second] = network.ports;
  if (first === undefined || second === undefined) throw new Error('A network of two has two ports.');
  await using server = await createServerGuest({ port: first, program: ['touch', '/run/program'] });
  const [, found] = await Promise.all([
    server.boot(),
    runSuitesInGuest({
      folder: `${import.meta.dirname}/guest-dead-server`,
      config: 'test/uml/vitest.guest.config.ts',
      scratchMiB: 8192,
      port: second,
      answer: async (words) => await controlServer(server, words),
      deadlineMs: 600_000,
      only: process.env['UML_SUITE'],
    }),
  ]);
  return found;
});

describe('an NFS server that dies', () => {
  registerTests(report);
});
