import { describe, expect, it } from 'vitest';
import { createFakeNode } from '../../../test/support/csi-fake-node.ts';
import { FakeStorage } from '../../../test/support/csi-fake-storage.ts';
import type { NodeBackend } from '../../backends/backend.ts';
import { listNodeCapabilities } from './capabilities.ts';

function listTypes(backend: NodeBackend): readonly unknown[] {
  return listNodeCapabilities(backend).map(({ rpc }) => rpc?.type);
}

describe('a node', () => {
  const plain = createFakeNode(new FakeStorage(0));

  it('announces that it takes groups of volumes when its backend does, and only then', () => {
    expect(listTypes(plain)).not.toContain('VOLUME_MOUNT_GROUP');
    expect(listTypes({ ...plain, mountGroup: { supported: true } })).toContain('VOLUME_MOUNT_GROUP');
  });
});
