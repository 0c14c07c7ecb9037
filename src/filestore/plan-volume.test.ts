import { describe, expect, it } from 'vitest';
import { toRequest } from '../../test/support/volume-request.ts';
import type { StoreAbilities } from './file-store.ts';
import type { SourceContent } from './layouts/layout.ts';
import { type PlanningFacts, planVolume } from './plan-volume.ts';

const MiB = 1024 ** 2;
const MINIMUM = { ext4: 2 * MiB, xfs: 301 * MiB, btrfs: 110 * MiB };

const REQUEST = toRequest('v', { range: { requiredBytes: 512 * MiB, limitBytes: undefined } });

function createFacts(quota: StoreAbilities['quota'], quotaIsHard: boolean): PlanningFacts {
  const unexpected = async (): Promise<never> => {
    throw new Error('Planning makes nothing.');
  };
  return {
    poolName: 'p',
    abilities: { quota, quotaIsHard, imageCopying: 'instant', treeCopying: 'reflink', fsType: 'xfs' },
    filesystems: {
      getFilesystem: (type) => ({
        type,
        minimumBytes: MINIMUM[type],
        programs: [],
        debianPackage: '',
        mountOptions: [],
        growsOffline: true,
        make: unexpected,
        check: unexpected,
        grow: unexpected,
      }),
    },
  };
}

const HARD = createFacts('project', true);
const SOFT = createFacts('project', false);
const NONE = createFacts('none', false);

const IMAGE: SourceContent = {
  kind: 'snapshot',
  id: 's1',
  family: 'v1',
  path: '/x',
  capacityBytes: 512 * MiB,
  kept: {
    layout: 'image',
    accessType: 'mount',
    fsType: 'xfs',
    sectorSizeBytes: 512,
    preallocated: false,
    identityPending: false,
  },
};
const TREE: SourceContent = { ...IMAGE, kept: { layout: 'directory', quota: 'project', projectId: 7 } };

describe('the layout', () => {
  it.each([
    ['auto where a quota binds everybody', {}, { source: undefined, facts: HARD }, 'directory'],
    [
      'auto with an fsType, which provisioners always pass',
      { fsType: 'ext4' },
      { source: undefined, facts: HARD },
      'directory',
    ],
    ['auto on ext4, whose quota does not bind everybody', {}, { source: undefined, facts: SOFT }, 'image'],
    ['auto without quota', {}, { source: undefined, facts: NONE }, 'image'],
    [
      'auto when the class wants no limit',
      { quota: 'none' },
      { source: undefined, facts: NONE },
      'directory',
    ],
    ['auto for raw block', { accessType: 'block' }, { source: undefined, facts: HARD }, 'image'],
    ['auto for tenants', { isolation: 'strict' }, { source: undefined, facts: HARD }, 'image'],
    ['auto with preallocation', { preallocate: true }, { source: undefined, facts: HARD }, 'image'],
    [
      'directory on ext4, when a class asks for it',
      { layout: 'directory' },
      { source: undefined, facts: SOFT },
      'directory',
    ],
    ['auto from an image', {}, { source: IMAGE, facts: HARD }, 'image'],
    ['auto from a directory', {}, { source: TREE, facts: SOFT }, 'directory'],
  ] as const)('is, for %s', (_, changes, { source, facts }, layout) => {
    expect(planVolume({ ...REQUEST, ...changes }, source, facts).layout).toBe(layout);
  });

  it('leaves a directory of another store to a place that can limit it', () => {
    const plan = () => planVolume(REQUEST, { ...TREE, isElsewhere: true }, NONE);

    expect(plan).toThrow(
      expect.objectContaining({
        code: 'NO_ROOM',
        message: expect.stringMatching(/cannot limit directories/),
      }),
    );
    expect(planVolume({ ...REQUEST, quota: 'none' }, { ...TREE, isElsewhere: true }, NONE).layout).toBe(
      'directory',
    );
  });

  it.each([
    [
      'a directory where nothing limits it',
      { layout: 'directory' },
      { source: undefined, facts: NONE },
      /say quota: none/,
    ],
    [
      'raw block as a directory',
      { layout: 'directory', accessType: 'block' },
      { source: undefined, facts: HARD },
      /raw block/,
    ],
    ['raw block from a directory', { accessType: 'block' }, { source: TREE, facts: HARD }, /raw block/],
    [
      'tenants in a directory',
      { layout: 'directory', isolation: 'strict' },
      { source: undefined, facts: HARD },
      /isolation strict/,
    ],
    [
      'a preallocated directory',
      { layout: 'directory', preallocate: true },
      { source: undefined, facts: HARD },
      /preallocated/,
    ],
    [
      'a directory from an image',
      { layout: 'directory' },
      { source: IMAGE, facts: HARD },
      /layout has to be image or auto/,
    ],
    [
      'an image from a directory',
      { layout: 'image' },
      { source: TREE, facts: HARD },
      /layout has to be directory or auto/,
    ],
    [
      'another file system than the source',
      { fsType: 'ext4' },
      { source: IMAGE, facts: HARD },
      /ask for fsType xfs/,
    ],
  ] as const)('refuses %s', (_, changes, { source, facts }, reason) => {
    expect(() => planVolume({ ...REQUEST, ...changes }, source, facts)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(reason) }),
    );
  });
});

it('says of an export who can limit directories there', () => {
  const facts: PlanningFacts = { ...NONE, abilities: { ...NONE.abilities, fsType: 'nfs4' } };

  expect(() => planVolume({ ...REQUEST, layout: 'directory' }, undefined, facts)).toThrow(
    /\(nfs4\) cannot limit directories.*say quota: none.*where an agent runs on its server/,
  );
});

describe('the file system of an image', () => {
  it.each([
    ['ext4 when nothing is asked', {}, undefined, 'ext4'],
    ['what is asked', { fsType: 'btrfs' }, undefined, 'btrfs'],
    ['that of the source', {}, IMAGE, 'xfs'],
    ['none for raw block', { accessType: 'block' }, undefined, undefined],
  ] as const)('is %s', (_, changes, source, fsType) => {
    expect(planVolume({ ...REQUEST, layout: 'image', ...changes }, source, NONE).fsType).toBe(fsType);
  });
});
