import { describe, expect, it } from 'vitest';
import { toCapability } from './capability.ts';
import { toWireStorageHealth, toWireVolumeHealth } from './health.ts';
import { toPageRequest } from './pages.ts';
import { toTimestamp } from './snapshot.ts';
import { toOptionalTopology, toTopologyRequirement } from './topology.ts';
import { toContentSource, toWireVolume } from './volume.ts';

const MOUNT = { fsType: '', mountFlags: [], volumeMountGroup: '' };
const WRITER = { mode: 'SINGLE_NODE_WRITER' } as const;

describe('toCapability', () => {
  it('reads mount access', () => {
    const mount = { fsType: 'xfs', mountFlags: ['noatime,nodev'], volumeMountGroup: '' };

    expect(toCapability({ mount, accessMode: WRITER })).toEqual({
      access: { kind: 'mount', fsType: 'xfs', mountFlags: ['noatime', 'nodev'] },
      mode: 'SINGLE_NODE_WRITER',
    });
  });

  it('leaves an empty file system open', () => {
    expect(toCapability({ mount: MOUNT, accessMode: WRITER }).access).toEqual({
      kind: 'mount',
      fsType: undefined,
      mountFlags: [],
    });
  });

  it('reads block access', () => {
    expect(toCapability({ block: {}, accessMode: WRITER }).access).toEqual({ kind: 'block' });
  });

  it.each([
    ['a mistyped file system', { ...MOUNT, fsType: 'ext5' }, 'Did you mean "ext4"?'],
    ['a mount group that is no number', { ...MOUNT, volumeMountGroup: 'staff' }, 'volume_mount_group'],
    ['a flag that redirects', { ...MOUNT, mountFlags: ['bind'] }, 'mount_flags has "bind"'],
  ])('refuses %s', (_, mount, sentence) => {
    expect(() => toCapability({ mount, accessMode: WRITER })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(sentence) }),
    );
  });
});

describe('toPageRequest', () => {
  it.each([
    [
      { maxEntries: 0, startingToken: '' },
      { maxEntries: 0, startingToken: undefined },
    ],
    [
      { maxEntries: 7, startingToken: 'x' },
      { maxEntries: 7, startingToken: 'x' },
    ],
  ])('reads %j', (wire, page) => {
    expect(toPageRequest(wire)).toEqual(page);
  });

  it('refuses a negative number of entries', () => {
    expect(() => toPageRequest({ maxEntries: -1, startingToken: '' })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('toContentSource', () => {
  it.each([
    [null, undefined],
    [{ snapshot: { snapshotId: 's' } }, { kind: 'snapshot', id: 's' }],
    [{ volume: { volumeId: 'v' } }, { kind: 'volume', id: 'v' }],
  ])('reads %j', (wire, source) => {
    expect(toContentSource(wire)).toEqual(source);
  });

  it.each([{}, { snapshot: { snapshotId: '' } }, { volume: { volumeId: '' } }])('refuses %j', (wire) => {
    expect(() => toContentSource(wire)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('topology', () => {
  it('leaves it to the driver when no place is named', () => {
    expect(toTopologyRequirement(null)).toBeUndefined();
    expect(toTopologyRequirement({ requisite: [], preferred: [] })).toBeUndefined();
    expect(toOptionalTopology(null)).toBeUndefined();
    expect(toOptionalTopology({ segments: {} })).toBeUndefined();
  });

  it('keeps the order of preference', () => {
    const [a, b] = [{ segments: { node: 'a' } }, { segments: { node: 'b' } }];

    expect(toTopologyRequirement({ requisite: [a, b], preferred: [b, a] })).toEqual({
      requisite: [{ node: 'a' }, { node: 'b' }],
      preferred: [{ node: 'b' }, { node: 'a' }],
    });
  });
});

describe('toTimestamp', () => {
  it.each([
    ['1970-01-01T00:00:00.000Z', { seconds: '0', nanos: 0 }],
    ['2026-07-01T12:00:00.250Z', { seconds: '1782907200', nanos: 250_000_000 }],
    ['1969-12-31T23:59:59.750Z', { seconds: '-1', nanos: 750_000_000 }],
  ])('tells %s', (text, timestamp) => {
    expect(toTimestamp(new Date(text))).toEqual(timestamp);
  });
});

describe('toWireVolume', () => {
  const volume = {
    id: 'v',
    capacityBytes: 5,
    context: {},
    source: { kind: 'volume', id: 'w' },
    accessibleTopology: [{ node: 'a' }],
  } as const;

  it('echoes source and place', () => {
    expect(toWireVolume(volume)).toMatchObject({
      volumeId: 'v',
      capacityBytes: '5',
      contentSource: { volume: { volumeId: 'w' } },
      accessibleTopology: [{ segments: { node: 'a' } }],
    });
  });

  it('does not let a context pass that CSI forbids', () => {
    expect(() => toWireVolume({ ...volume, context: { key: 'v'.repeat(4094) } })).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }),
    );
  });
});

describe('health', () => {
  it('is healthy without entries', () => {
    expect(toWireVolumeHealth({ volumeId: 'v', statuses: [] })).toEqual({
      volumeId: 'v',
      healthStatuses: [],
    });
  });

  it('tells a status and reason once, with all that is to say', () => {
    const statuses = ['A is full.', 'B is full.'].map(
      (message) => ({ status: 'DEGRADED', reason: 'PoolFull', message }) as const,
    );

    expect(toWireStorageHealth([...statuses, { ...statuses[0], status: 'UNREACHABLE' } as never])).toEqual([
      { status: 'STORAGE_DEGRADED', reason: 'PoolFull', message: 'A is full. B is full.' },
      { status: 'STORAGE_UNREACHABLE', reason: 'PoolFull', message: 'A is full.' },
    ]);
  });
});
