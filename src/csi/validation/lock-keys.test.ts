import { describe, expect, it } from 'vitest';
import { CSI_LOCK_KEYS } from './lock-keys.ts';

const REQUEST = {
  name: 'same',
  volumeId: 'same',
  snapshotId: 'same',
  sourceVolumeId: 'other',
  targetPath: '/t',
} as never;

function keyOf(method: string): string {
  return CSI_LOCK_KEYS[method]?.(REQUEST) ?? '';
}

describe('CSI_LOCK_KEYS', () => {
  it('lets nothing that changes a thing run beside another change of it', () => {
    expect(keyOf('DeleteVolume')).toBe(keyOf('ControllerExpandVolume'));
    const onNode = ['Stage', 'Unstage', 'Publish', 'Unpublish', 'Expand'].map((verb) =>
      keyOf(`Node${verb}Volume`),
    );
    expect(new Set(onNode).size).toBe(1);
  });

  it('keeps kinds apart that happen to be called the same', () => {
    const keys = ['CreateVolume', 'DeleteVolume', 'CreateSnapshot', 'DeleteSnapshot', 'NodeStageVolume'].map(
      keyOf,
    );

    expect(new Set(keys).size).toBe(keys.length);
  });

  it('lets questions be asked at any time', () => {
    const locked = Object.keys(CSI_LOCK_KEYS).filter((method) => /Get|List|Validate/.test(method));

    expect(locked).toEqual([]);
  });
});
