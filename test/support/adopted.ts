import type { AdoptVolumeRequest } from '../../src/filestore/file-store.ts';

/** A directory as others made it, to be taken over. */
export const ADOPTED: AdoptVolumeRequest = {
  name: 'pvc-1',
  directory: 'default/website',
  capacityBytes: 64 * 1024 * 1024,
  quota: 'none',
  claim: { namespace: 'default', name: 'website' },
};
