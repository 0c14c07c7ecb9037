import type { CreateVolumeRequest } from '../../src/filestore/file-store.ts';

const MiB = 1024 ** 2;

/** A request for a volume of 16 MiB; tests change what they are about. */
export function toRequest(name: string, changes: Partial<CreateVolumeRequest> = {}): CreateVolumeRequest {
  return {
    name,
    range: { requiredBytes: 16 * MiB, limitBytes: undefined },
    accessType: 'mount',
    fsType: undefined,
    layout: 'auto',
    quota: 'required',
    isolation: 'standard',
    preallocate: false,
    owner: { uid: undefined, gid: undefined, mode: undefined },
    source: undefined,
    claim: undefined,
    askedParameters: {},
    ...changes,
  };
}
