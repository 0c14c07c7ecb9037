import { describe, expect, it } from 'vitest';
import { toRequest } from '../../../test/contract/file-store.ts';
import type { CreateVolumeRequest } from '../../filestore/file-store.ts';
import { loadAgentServiceType } from '../../rpc/proto.ts';
import { fromCreateVolumeMessage, fromRangeMessage, toCreateVolumeMessage } from './requests.ts';

const { requestSerialize, requestDeserialize } = loadAgentServiceType().definition.CreateVolume;

function send(request: CreateVolumeRequest, changes: object = {}): CreateVolumeRequest {
  const message = requestDeserialize(requestSerialize(toCreateVolumeMessage(request, 'aaaabbbb')));
  return fromCreateVolumeMessage({ ...message, ...changes });
}

describe('a request for a volume on its way to an agent', () => {
  it.each<[string, Partial<CreateVolumeRequest>]>([
    ['as it usually is', {}],
    ['without a size', { range: undefined }],
    ['with a limit', { range: { requiredBytes: undefined, limitBytes: Number.MAX_SAFE_INTEGER } }],
    ['of nothing at least', { range: { requiredBytes: 0, limitBytes: 0 } }],
    [
      'for a raw block device',
      { accessType: 'block', layout: 'image', isolation: 'strict', preallocate: true },
    ],
    ['without a quota', { quota: 'none', layout: 'directory', fsType: 'btrfs' }],
    ['owned by root', { owner: { uid: 0, gid: 0, mode: 0 } }],
    ['owned by a group', { owner: { uid: undefined, gid: 2 ** 32 - 2, mode: 0o2770 } }],
    ['from a snapshot', { source: { kind: 'snapshot', id: 's' } }],
    ['from a volume with no id', { source: { kind: 'volume', id: '' } }],
    ['for a claim', { claim: { namespace: 'default', name: 'data' }, askedParameters: { pool: 'fast' } }],
  ])('arrives as it was meant: %s', (_what, changes) => {
    expect(send(toRequest('pvc-1', changes))).toStrictEqual(toRequest('pvc-1', changes));
  });

  it.each([
    ['an unspecified access', { accessType: 'ACCESS_TYPE_UNSPECIFIED' }],
    ['an unspecified layout', { layout: 'LAYOUT_UNSPECIFIED' }],
    ['an unspecified quota', { quota: 'QUOTA_DEMAND_UNSPECIFIED' }],
    ['an unspecified isolation', { isolation: 'ISOLATION_UNSPECIFIED' }],
    ['a file system that is not made here', { fsType: 'vfat' }],
    ['a negative size', { range: { requiredBytes: '-1' } }],
    ['a size that no number holds', { range: { requiredBytes: '9007199254740993' } }],
    ['permission bits that are none', { owner: { mode: '65536' } }],
    ['an owner below nothing', { owner: { uid: '-1' } }],
  ])('is INVALID_ARGUMENT with %s', (_what, changes) => {
    expect(() => send(toRequest('pvc-1'), changes)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  it('is INVALID_ARGUMENT when an expansion names no size', () => {
    expect(() => fromRangeMessage(null)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
