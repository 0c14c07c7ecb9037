import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ControllerDefinition } from '../../src/gen/csi/v1/Controller.ts';
import type { RpcClient } from '../../src/rpc/client.ts';
import { findSanityProgram, runSanity, type SanityTest } from '../support/csi-sanity.ts';
import { MAY_SKIP } from '../support/sanity-skips.ts';
import {
  listMountPointsBelow,
  makeScratchDirectory,
  makeScratchFilesystem,
  skipsRootTests,
} from '../support/scratch.ts';
import { type DriverUnderTest, type PoolConfig, startServer } from '../support/server.ts';
import { startSplitCluster } from '../support/split-cluster.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

interface Variant {
  readonly title: string;
  readonly pool: 'xfs' | 'btrfs' | 'shared';
  readonly accessType: 'mount' | 'block';
  readonly parameters: Readonly<Record<string, string>>;
  readonly volumeBytes: number;
  readonly deployment: 'one socket' | 'two sockets' | 'controller and node apart';
}

const directory: Variant = {
  title: 'directory on btrfs, mounted',
  pool: 'btrfs',
  accessType: 'mount',
  parameters: { pool: 'scratch', layout: 'directory' },
  volumeBytes: 64 * MIB,
  deployment: 'one socket',
};

const shared: Variant = {
  title: 'directory of a file system that all nodes share',
  pool: 'shared',
  accessType: 'mount',
  parameters: { pool: 'scratch', quota: 'none' },
  volumeBytes: 64 * MIB,
  deployment: 'one socket',
};

const VARIANTS: readonly Variant[] = [
  directory,
  {
    ...directory,
    title: 'directory on btrfs, mounted, Controller and Node on sockets of their own',
    deployment: 'two sockets',
  },
  {
    title: 'image on xfs, mounted',
    pool: 'xfs',
    accessType: 'mount',
    parameters: { pool: 'scratch', layout: 'image', 'csi.storage.k8s.io/fstype': 'xfs' },
    // xfs wants 300 MiB at least.
    volumeBytes: 320 * MIB,
    deployment: 'one socket',
  },
  {
    title: 'image on xfs, raw block',
    pool: 'xfs',
    accessType: 'block',
    parameters: { pool: 'scratch', layout: 'image' },
    volumeBytes: 64 * MIB,
    deployment: 'one socket',
  },
  {
    ...directory,
    title: 'directory on btrfs, mounted, controller and node apart',
    deployment: 'controller and node apart',
  },
  {
    title: 'image on xfs, raw block, controller and node apart',
    pool: 'xfs',
    accessType: 'block',
    parameters: { pool: 'scratch', layout: 'image' },
    volumeBytes: 64 * MIB,
    deployment: 'controller and node apart',
  },
  shared,
  { ...shared, title: `${shared.title}, controller and node apart`, deployment: 'controller and node apart' },
];

const skipsRoot = skipsRootTests();
const program = skipsRoot ? undefined : await findSanityProgram();

describe.runIf(program === undefined)('csi-sanity', () => {
  it('runs against the real server', ({ skip }) => {
    const isRequired = process.env['CI'] === 'true' && !skipsRoot;
    skip(!isRequired, skipsRoot ? 'SKIP_ROOT_TESTS=1 is set' : 'there is no Go 1.25 or newer here');

    expect(program, 'Go 1.25 or newer has to be on PATH').toBeDefined();
  });
});

// The suite runs while tests are collected, so that each test of it becomes one of ours.
const runs = program === undefined ? [] : await runAll(program);

describe.each(runs)('csi-sanity, $title', ({ tests }) => {
  it.for(tests.filter(({ outcome }) => outcome !== 'skipped'))('$name', ({ outcome, reason }) => {
    expect({ outcome, reason }).toEqual({ outcome: 'passed', reason: '' });
  });

  it.for(tests.filter(({ outcome }) => outcome === 'skipped'))('$name', ({ reason }, { skip }) => {
    expect(reason).toMatch(MAY_SKIP);
    skip(reason);
  });
});

interface Run {
  readonly title: string;
  readonly tests: readonly SanityTest[];
}

async function runAll(sanity: string): Promise<readonly Run[]> {
  const all: Run[] = [];
  for (const variant of VARIANTS) {
    all.push({ title: variant.title, tests: await runVariant(sanity, variant) });
  }
  return all;
}

/** What the suite is run against. */
interface Deployed extends AsyncDisposable {
  readonly controllerEndpoint: string;
  readonly nodeEndpoint: string;
  readonly controller: RpcClient<ControllerDefinition>;
}

async function deploy(
  { deployment, ...variant }: Variant,
  place: string,
  pool: PoolConfig,
): Promise<Deployed> {
  const driver: DriverUnderTest =
    variant.pool === 'shared'
      ? { key: 'nfs', section: { mountDirectory: join(place, 'mounts') } }
      : { key: 'hostpath' };
  if (deployment !== 'controller and node apart') {
    return await startServer({
      directory: place,
      pools: [pool],
      driver,
      sockets: deployment === 'one socket' ? 'one' : 'two',
    });
  }
  const cluster = await startSplitCluster({
    directory: place,
    driver,
    nodes: [{ name: 'node-a', pools: [pool] }],
  });
  const [controller] = cluster.controllers;
  const [node] = cluster.nodes;
  if (controller === undefined || node === undefined) throw new Error('the cluster is not whole');
  return {
    controllerEndpoint: controller.endpoint,
    nodeEndpoint: node.endpoint,
    controller: controller.controller,
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

async function runVariant(sanity: string, variant: Variant): Promise<readonly SanityTest[]> {
  try {
    await using scratch = await makeScratchDirectory();
    await using disks = new AsyncDisposableStack();
    const pool = await makePool(variant, scratch.path, disks);
    await using server = await deploy(variant, join(scratch.path, 'server'), pool);
    const tests = await runSanity({
      program: sanity,
      directory: join(scratch.path, 'sanity'),
      nodeEndpoint: server.nodeEndpoint,
      controllerEndpoint: server.controllerEndpoint,
      accessType: variant.accessType,
      parameters: variant.parameters,
      volumeBytes: variant.volumeBytes,
      expandedBytes: variant.volumeBytes + 64 * MIB,
    });
    return [...tests, await checkLeftovers(server, scratch.path)];
  } catch (error) {
    return [{ name: 'could be run', outcome: 'failed', reason: String(error) }];
  }
}

/** The suite removes what it makes; whatever is there after it, we left. */
async function checkLeftovers(server: Deployed, scratchPath: string): Promise<SanityTest> {
  const { entries: volumes } = await server.controller.ListVolumes({});
  const { entries: snapshots } = await server.controller.ListSnapshots({});
  const mounts = (await listMountPointsBelow(join(scratchPath, 'sanity'))).length;
  const reason = `${volumes.length} volumes, ${snapshots.length} snapshots, ${mounts} mounts are left`;
  const isClean = volumes.length + snapshots.length + mounts === 0;
  return {
    name: 'leaves nothing behind',
    outcome: isClean ? 'passed' : 'failed',
    reason: isClean ? '' : reason,
  };
}

async function makePool(
  variant: Variant,
  scratchPath: string,
  disks: AsyncDisposableStack,
): Promise<PoolConfig> {
  if (variant.pool === 'btrfs') {
    const disk = disks.use(await makeScratchFilesystem({ type: 'btrfs', sizeBytes: 8 * GIB }));
    const path = join(disk.path, 'pool');
    await mkdir(path);
    return { name: 'scratch', path };
  }
  if (variant.pool === 'shared') {
    const disk = disks.use(await makeScratchFilesystem({ type: 'ext4', sizeBytes: 8 * GIB }));
    const path = join(disk.path, 'pool');
    await mkdir(path);
    return { name: 'scratch', type: 'shared', path };
  }
  const backing = { type: 'file', path: join(scratchPath, 'pool.img'), size: 16 * GIB, sparse: true };
  return { name: 'scratch', path: join(scratchPath, 'pool'), backing };
}
