import { createObjectId, formatObjectId, parseObjectId } from '../../src/domain/ids.ts';
import type { VolumeRecord } from '../../src/filestore/records.ts';

/** The record of a directory of 1000 bytes in pool `aaaaaaaa`, of a new generation each time. */
export function toVolumeRecord(name: string, changes: Partial<VolumeRecord> = {}): VolumeRecord {
  return {
    formatVersion: 1,
    id: formatObjectId(createObjectId('volume', { clusterId: 'c', poolId: 'aaaaaaaa' }, name)),
    name,
    capacityBytes: 1000,
    kept: { layout: 'directory', quota: 'none' },
    asked: { parameters: {}, accessType: 'mount' },
    owner: {},
    nonce: 'n',
    createdAt: '2026-01-01T00:00:00Z',
    ...changes,
  };
}

/** The hash in a record's id. */
export function hashOf({ id }: { readonly id: string }): string {
  const hash = parseObjectId(id)?.hash;
  if (hash === undefined) throw new Error(`${id} is no id.`);
  return hash;
}
