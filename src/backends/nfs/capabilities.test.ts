import { describe, expect, test } from 'vitest';
import type { VolumeCapability } from '../../domain/access.ts';
import { checkNfsCapabilities } from './capabilities.ts';

const MOUNT = { kind: 'mount', fsType: undefined, mountFlags: [] } as const;

describe('what a volume of NFS may be asked to be', () => {
  test.each<VolumeCapability['mode']>([
    'MULTI_NODE_MULTI_WRITER',
    'SINGLE_NODE_SINGLE_WRITER',
    'MULTI_NODE_READER_ONLY',
  ])('a directory in mode %s', (mode) => {
    expect(() => checkNfsCapabilities([{ mode, access: MOUNT }])).not.toThrow();
  });

  test.each<[string, VolumeCapability['access'], RegExp]>([
    ['a raw device', { kind: 'block' }, /volumeMode: Filesystem/],
    ['a file system of its own', { ...MOUNT, fsType: 'ext4' }, /Remove csi\.storage\.k8s\.io\/fstype/],
    ['options that NFS does not have', { ...MOUNT, mountFlags: ['nouuid'] }, /"nouuid" is unknown/],
  ])('not %s', (_, access, sentence) => {
    const call = (): void => checkNfsCapabilities([{ mode: 'SINGLE_NODE_WRITER', access }]);

    expect(call).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(call).toThrow(sentence);
  });
});
