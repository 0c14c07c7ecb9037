import { describe } from 'vitest';
import { describeBackend } from '../contract/backend.ts';
import { makeHostpathMachine } from '../support/hostpath-machine.ts';
import { skipsRootTests } from '../support/scratch.ts';

const MIB = 1024 ** 2;
const mount = { kind: 'mount', fsType: undefined, mountFlags: [] } as const;
const onXfs = async () => await makeHostpathMachine({ type: 'xfs', sizeBytes: 8192 * MIB });
const image = { pool: 'fast', layout: 'image' };

describe.skipIf(skipsRootTests())('host-path on a real machine', () => {
  describeBackend('directories of a btrfs pool', {
    setup: async () => await makeHostpathMachine({ type: 'btrfs', sizeBytes: 2048 * MIB }),
    access: mount,
    parameters: { pool: 'fast', layout: 'directory' },
    sizeBytes: 16 * MIB,
  });
  describeBackend('ext4 images of an xfs pool', {
    setup: onXfs,
    access: mount,
    parameters: image,
    sizeBytes: 32 * MIB,
  });
  describeBackend('xfs images of an xfs pool', {
    setup: onXfs,
    access: { ...mount, fsType: 'xfs', mountFlags: ['noatime'] },
    parameters: image,
    sizeBytes: 640 * MIB,
  });
  describeBackend('btrfs images of an xfs pool', {
    setup: onXfs,
    access: { ...mount, fsType: 'btrfs' },
    parameters: image,
    sizeBytes: 256 * MIB,
  });
  describeBackend('raw block volumes of an xfs pool', {
    setup: onXfs,
    access: { kind: 'block' },
    parameters: { pool: 'fast' },
    sizeBytes: 16 * MIB,
  });
});
