import { describe } from 'vitest';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toAgentConfig, writeTls } from '../support/nfs/cluster.ts';
import { toAddresses } from '../support/nfs/network.ts';
import { SERVER_DISK, SERVER_EXPORT, SERVER_GUEST_NUMBER } from '../support/nfs/server-guest-places.ts';
import { makeScratchDirectory } from '../support/scratch.ts';
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
  // Both guests see it below /run/machine.
  await using shared = await makeScratchDirectory();
  const program = await prepareAgent(shared.path);
  await using server = await createServerGuest({ port: first, program: ['sh', '-c', program] });
  const [, found] = await Promise.all([
    server.boot(),
    runSuitesInGuest({
      folder: `${import.meta.dirname}/guest-dead-server`,
      config: 'test/uml/vitest.guest.config.ts',
      scratchMiB: 8192,
      port: second,
      environment: { SHARED_DIRECTORY: `/run/machine${shared.path}` },
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

/** Writes what an agent on the server needs, and certificates for both ends; the command that starts it there. */
async function prepareAgent(directory: string): Promise<string> {
  await writeTls(join(directory, 'tls'));
  const path = `${SERVER_EXPORT}/served`;
  const config = toAgentConfig({
    node: 'nfs-server',
    address: '0.0.0.0',
    pools: [
      {
        name: 'served',
        type: 'nfs',
        server: toAddresses(SERVER_GUEST_NUMBER).ipv4,
        export: '/pool/served',
        agent: { node: 'nfs-server', path },
      },
    ],
    tlsDirectory: `/run/machine${directory}/tls`,
    stateDirectory: `${SERVER_DISK}/stowage`,
  });
  await writeFile(join(directory, 'agent.json'), JSON.stringify(config));
  const agent = `node src/main/cli.ts agent --config /run/machine${directory}/agent.json`;
  return `mkdir -p ${path} ${SERVER_EXPORT}/plain; touch /run/program; exec ${agent}`;
}
