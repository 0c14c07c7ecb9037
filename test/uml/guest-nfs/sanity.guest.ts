import { mkdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runSanity, type SanityTest } from '../../support/csi-sanity.ts';
import { startNfsCluster } from '../../support/nfs/cluster.ts';
import { createGuestMachine } from '../../support/nfs/machine.ts';
import { startNfsServer } from '../../support/nfs/server.ts';
import { MAY_SKIP } from '../../support/sanity-skips.ts';
import { makeScratchFilesystem } from '../../support/scratch.ts';

const MIB = 2 ** 20;
const program = process.env['SANITY_PROGRAM'];

/** The suite runs while tests are collected, so that each test of it becomes one of ours. */
async function run(hasAgent: boolean): Promise<readonly SanityTest[]> {
  if (program === undefined) return [];
  const directory = `/var/tmp/sanity-${hasAgent ? 'agent' : 'nodes'}`;
  await mkdir(directory, { recursive: true });
  await using disk = await makeScratchFilesystem({
    type: 'xfs',
    sizeBytes: 4096 * MIB,
    mountOptions: ['prjquota'],
  });
  await using nfs = await startNfsServer({ exports: [{ name: 'pool', directory: disk.path }] });
  const agent = hasAgent ? { agent: { node: nfs.machine.hostName, path: disk.path } } : {};
  await using cluster = await startNfsCluster({
    directory,
    nodes: [await createGuestMachine()],
    pools: [
      {
        name: 'pool',
        type: 'nfs',
        server: nfs.machine.addresses.ipv4,
        export: nfs.getPath('pool', '4.2'),
        ...agent,
      },
    ],
    ...(hasAgent ? { server: nfs.machine } : {}),
  });
  const [node] = cluster.nodes;
  const tests = await runSanity({
    program,
    directory: `${directory}/sanity`,
    nodeEndpoint: node?.endpoint ?? '',
    controllerEndpoint: cluster.endpoint,
    accessType: 'mount',
    parameters: { pool: 'pool', ...(hasAgent ? {} : { quota: 'none' }) },
    volumeBytes: 64 * MIB,
    expandedBytes: 128 * MIB,
  });
  const { entries: volumes } = await cluster.controller.ListVolumes({});
  const { entries: snapshots } = await cluster.controller.ListSnapshots({});
  const reason = `${volumes.length} volumes and ${snapshots.length} snapshots are left`;
  const isClean = volumes.length + snapshots.length === 0;
  return [
    ...tests,
    { name: 'leaves nothing behind', outcome: isClean ? 'passed' : 'failed', reason: isClean ? '' : reason },
  ];
}

const runs = [
  { title: 'with an agent on the server', tests: await run(true) },
  { title: 'without an agent on the server', tests: await run(false) },
];

describe.each(runs)('csi-sanity over NFS, $title', ({ tests }) => {
  it('was run', () => {
    expect(tests.length, 'csi-sanity, which takes Go on the machine').toBeGreaterThan(50);
  });

  it.for(tests.filter(({ outcome }) => outcome !== 'skipped'))('$name', ({ outcome, reason }) => {
    expect({ outcome, reason }).toEqual({ outcome: 'passed', reason: '' });
  });

  it.for(tests.filter(({ outcome }) => outcome === 'skipped'))('$name', ({ reason }, { skip }) => {
    expect(reason).toMatch(MAY_SKIP);
    skip(reason);
  });
});
