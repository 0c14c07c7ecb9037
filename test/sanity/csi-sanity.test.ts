import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findSanityProgram, runSanity, type SanityTest } from '../support/csi-sanity.ts';
import { makeScratchDirectory, makeScratchFilesystem, skipsRootTests } from '../support/scratch.ts';
import { type PoolConfig, startServer } from '../support/server.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

interface Variant {
  readonly title: string;
  readonly pool: 'xfs' | 'btrfs';
  readonly accessType: 'mount' | 'block';
  readonly parameters: Readonly<Record<string, string>>;
  readonly volumeBytes: number;
  readonly sockets: 'one' | 'two';
}

const directory: Variant = {
  title: 'directory on btrfs, mounted',
  pool: 'btrfs',
  accessType: 'mount',
  parameters: { pool: 'scratch', layout: 'directory' },
  volumeBytes: 64 * MIB,
  sockets: 'one',
};

const VARIANTS: readonly Variant[] = [
  directory,
  {
    ...directory,
    title: 'directory on btrfs, mounted, Controller and Node on sockets of their own',
    sockets: 'two',
  },
  {
    title: 'image on xfs, mounted',
    pool: 'xfs',
    accessType: 'mount',
    parameters: { pool: 'scratch', layout: 'image', 'csi.storage.k8s.io/fstype': 'xfs' },
    // xfs wants 300 MiB at least.
    volumeBytes: 320 * MIB,
    sockets: 'one',
  },
  {
    title: 'image on xfs, raw block',
    pool: 'xfs',
    accessType: 'block',
    parameters: { pool: 'scratch', layout: 'image' },
    volumeBytes: 64 * MIB,
    sockets: 'one',
  },
];

/** What the suite may leave out: things that this driver does not offer. */
const MAY_SKIP =
  /ControllerPublishVolume|ControllerUnpublishVolume|ModifyVolume|VolumeAttributesClass|MutableParameters|mutable parameters|Group ?Controller|GroupSnapshot|group snapshot|volume attach limit/i;

const skipsRoot = skipsRootTests();
const program = skipsRoot ? undefined : await findSanityProgram();

if (program === undefined) {
  describe('csi-sanity', () => {
    it('runs against the real server', ({ skip }) => {
      skip(skipsRoot ? 'SKIP_ROOT_TESTS=1 is set' : 'there is no Go here: install Go 1.25 or newer');
    });
    it.runIf(process.env['CI'] === 'true')('is not left out in CI', () => {
      expect(program, 'Go 1.25 or newer has to be on PATH').toBeDefined();
    });
  });
} else {
  // The suite runs while tests are collected, so that each test of it becomes one of ours.
  for (const variant of VARIANTS) {
    const tests = await runVariant(program, variant);
    describe(`csi-sanity, ${variant.title}`, () => register(tests));
  }
}

async function runVariant(sanity: string, variant: Variant): Promise<readonly SanityTest[]> {
  try {
    await using scratch = await makeScratchDirectory();
    await using disks = new AsyncDisposableStack();
    const pool = await makePool(variant, scratch.path, disks);
    await using server = await startServer({
      directory: join(scratch.path, 'server'),
      pools: [pool],
      sockets: variant.sockets,
    });
    return await runSanity({
      program: sanity,
      directory: join(scratch.path, 'sanity'),
      nodeEndpoint: server.nodeEndpoint,
      controllerEndpoint: server.controllerEndpoint,
      accessType: variant.accessType,
      parameters: variant.parameters,
      volumeBytes: variant.volumeBytes,
      expandedBytes: variant.volumeBytes + 64 * MIB,
    });
  } catch (error) {
    return [{ name: 'could be run', outcome: 'failed', reason: String(error) }];
  }
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
  const backing = { type: 'file', path: join(scratchPath, 'pool.img'), size: 16 * GIB, sparse: true };
  return { name: 'scratch', path: join(scratchPath, 'pool'), backing };
}

function register(tests: readonly SanityTest[]): void {
  for (const { name, outcome, reason } of tests) {
    it(name, ({ skip }) => {
      if (outcome === 'skipped') skip(reason);
      expect(outcome === 'failed' ? reason : 'passed').toBe('passed');
    });
  }

  it('leaves out only what this driver does not offer', () => {
    const skipped = tests.filter(({ outcome }) => outcome === 'skipped');

    const unexpected = skipped.filter(({ name }) => !MAY_SKIP.test(name));

    expect(unexpected).toEqual([]);
  });
}
