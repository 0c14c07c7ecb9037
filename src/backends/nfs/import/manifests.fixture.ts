import type { VolumeRecord } from '../../../filestore/records.ts';

/** The record of an imported volume of 64 MiB. */
export function makeVolumeRecord(): VolumeRecord {
  return {
    formatVersion: 1,
    id: 'aaaaaaaa-bbbbbbbbbbbbbbbbbbbbbbbbbb-cccccccc',
    name: 'pvc-1',
    capacityBytes: 64 * 2 ** 20,
    kept: { layout: 'directory', quota: 'none', unlimited: true },
    asked: { parameters: {}, accessType: 'mount' },
    owner: {},
    nonce: 'n',
    createdAt: '2026-01-01T00:00:00.000Z',
  };
}
