import type { CreateVolumeRequest } from '../../src/filestore/file-store.ts';

/** The one pool of each agent. */
export const POOL = 'fast';

/** A small directory volume, as a controller asks an agent for it. */
export function toRequest(name: string): CreateVolumeRequest {
  return {
    name,
    range: { requiredBytes: 16 * 2 ** 20, limitBytes: undefined },
    accessType: 'mount',
    fsType: undefined,
    layout: 'directory',
    quota: 'required',
    isolation: 'standard',
    preallocate: true,
    owner: { uid: undefined, gid: undefined, mode: undefined },
    source: undefined,
    claim: undefined,
    askedParameters: { pool: POOL },
  };
}
