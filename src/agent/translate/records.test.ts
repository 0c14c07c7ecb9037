import { describe, expect, it } from 'vitest';
import type { SnapshotRecord, VolumeRecord } from '../../filestore/records.ts';
import { loadAgentServiceType } from '../../rpc/proto.ts';
import { fromSnapshotMessage, fromVolumeMessage, toSnapshotMessage, toVolumeMessage } from './records.ts';

const { definition } = loadAgentServiceType();
const POOL_ID = 'aaaabbbb';

/** Over the wire, with changes to what arrives. */
function sendVolume(record: VolumeRecord, changes: object = {}): VolumeRecord {
  const { responseSerialize, responseDeserialize } = definition.FindVolume;
  const { volume } = responseDeserialize(responseSerialize({ volume: toVolumeMessage(record, POOL_ID) }));
  if (volume === null) throw new Error('the volume got lost');
  return fromVolumeMessage({ ...volume, ...changes }, POOL_ID);
}

function sendSnapshot(record: SnapshotRecord): SnapshotRecord {
  const { responseSerialize, responseDeserialize } = definition.FindSnapshot;
  const { snapshot } = responseDeserialize(
    responseSerialize({ snapshot: toSnapshotMessage(record, POOL_ID) }),
  );
  if (snapshot === null) throw new Error('the snapshot got lost');
  return fromSnapshotMessage(snapshot, POOL_ID);
}

const bare: VolumeRecord = {
  formatVersion: 1,
  id: `${POOL_ID}-${'a'.repeat(26)}-cccccccc`,
  name: 'pvc-1',
  capacityBytes: 2 ** 30,
  kept: { layout: 'directory', quota: 'none' },
  asked: { parameters: {}, accessType: 'mount' },
  owner: {},
  nonce: 'n',
  createdAt: '2026-01-01T00:00:00.000Z',
};

const full: VolumeRecord = {
  ...bare,
  capacityBytes: Number.MAX_SAFE_INTEGER,
  kept: {
    layout: 'image',
    accessType: 'mount',
    fsType: 'xfs',
    sectorSizeBytes: 4096,
    preallocated: true,
    identityPending: true,
    ownerPending: true,
  },
  asked: { parameters: { pool: 'fast', ключ: 'значение' }, accessType: 'mount', fsType: 'xfs' },
  source: { kind: 'snapshot', id: `s${bare.id}` },
  family: bare.id,
  owner: { uid: 0, gid: 1000, mode: 0o2770 },
  claim: { namespace: 'default', name: 'data' },
};

const snapshot: SnapshotRecord = {
  formatVersion: 1,
  id: `s${bare.id}`,
  name: 'snap-1',
  sourceVolumeId: bare.id,
  family: bare.id,
  sizeBytes: 2 ** 40,
  heldBytes: 0,
  kept: { layout: 'directory', quota: 'project', projectId: 4_000_000_000, unlimited: true },
  consistency: 'per-file',
  nonce: 'n',
  createdAt: '2026-01-01T00:00:00.123Z',
};

describe('records on their way from an agent', () => {
  it.each<[string, VolumeRecord]>([
    ['with the least', bare],
    ['with everything', full],
    ['from another volume', { ...bare, source: { kind: 'volume', id: bare.id } }],
    [
      'of a raw block device',
      {
        ...bare,
        kept: {
          layout: 'image',
          accessType: 'block',
          sectorSizeBytes: 512,
          preallocated: false,
          identityPending: false,
        },
      },
    ],
  ])('arrive as they were sent: a volume %s', (_what, record) => {
    expect(sendVolume(record)).toStrictEqual(record);
  });

  it.each(['frozen', 'unmounted', 'crash', 'per-file'] as const)(
    'arrive as they were sent: a snapshot, %s',
    (consistency) => {
      expect(sendSnapshot({ ...snapshot, consistency })).toStrictEqual({ ...snapshot, consistency });
    },
  );

  it('are not taken from another pool', () => {
    expect(() => sendVolume(bare, { poolId: 'ccccdddd' })).toThrow(
      expect.objectContaining({ code: 'INTERNAL', message: expect.stringContaining('was not used') }),
    );
  });

  it.each([
    ['a format that is not known here', { formatVersion: 2 }],
    ['no way of being kept', { directory: null, image: null }],
    ['an unspecified quota', { directory: { quota: 'QUOTA_KIND_UNSPECIFIED', unlimited: false } }],
    ['a size that no number holds', { capacityBytes: '9007199254740993' }],
    ['a size below nothing', { capacityBytes: '-1' }],
    ['nothing about what was asked', { asked: null }],
    ['a date that is none', { createdAt: 'yesterday' }],
  ])('are not taken with %s', (_what, changes) => {
    expect(() => sendVolume(bare, changes)).toThrow(
      expect.objectContaining({ code: 'INTERNAL', message: expect.stringContaining('cannot be understood') }),
    );
  });
});
