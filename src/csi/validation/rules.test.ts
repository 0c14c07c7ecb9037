import { describe, expect, it } from 'vitest';
import { DriverError } from '../../domain/errors.ts';
import { CSI_RULES } from './rules.ts';

const CAPABILITY = {
  mount: { fsType: '', mountFlags: [], volumeMountGroup: '' },
  accessMode: { mode: 'SINGLE_NODE_WRITER' },
};

/** The error of the first rule that objects; undefined when the request is fine. */
function check(method: string, request: object): DriverError | undefined {
  try {
    for (const rule of CSI_RULES[method] ?? []) rule(request as never);
  } catch (error) {
    if (error instanceof DriverError) return error;
    throw error;
  }
  return undefined;
}

const VALID: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  CreateVolume: { name: 'pvc-1', volumeCapabilities: [CAPABILITY] },
  DeleteVolume: { volumeId: 'v' },
  ValidateVolumeCapabilities: { volumeId: 'v', volumeCapabilities: [CAPABILITY] },
  ControllerGetVolume: { volumeId: 'v' },
  CreateSnapshot: { name: 'snap-1', sourceVolumeId: 'v' },
  DeleteSnapshot: { snapshotId: 's' },
  GetSnapshot: { snapshotId: 's' },
  ControllerExpandVolume: { volumeId: 'v', capacityRange: { requiredBytes: '1', limitBytes: '0' } },
  ControllerGetVolumeHealth: { volumeId: 'v' },
  NodeStageVolume: { volumeId: 'v', stagingTargetPath: '/s', volumeCapability: CAPABILITY },
  NodeUnstageVolume: { volumeId: 'v', stagingTargetPath: '/s' },
  NodePublishVolume: {
    volumeId: 'v',
    targetPath: '/t',
    volumeCapability: CAPABILITY,
    stagingTargetPath: '/s',
  },
  NodeUnpublishVolume: { volumeId: 'v', targetPath: '/t' },
  NodeGetVolumeStats: { volumeId: 'v', volumePath: '/t' },
  NodeExpandVolume: { volumeId: 'v', volumePath: '/t' },
  NodeGetVolumeHealth: { volumeId: 'v' },
};

const REQUIRED = Object.entries(VALID).flatMap(([method, request]) =>
  Object.keys(request).map((field) => [method, field] as const),
);

const NUL_NAME = 'pvc\0';

describe('CSI_RULES', () => {
  it.each(Object.entries(VALID))('let a complete %s through', (method, request) => {
    expect(check(method, request)).toBeUndefined();
  });

  it.each(REQUIRED)('refuse %s without %s', (method, field) => {
    const error = check(method, { ...VALID[method], [field]: undefined });

    const isStagingOfPublish = method === 'NodePublishVolume' && field === 'stagingTargetPath';
    expect(error?.code).toBe(isStagingOfPublish ? 'PRECONDITION_FAILED' : 'INVALID_ARGUMENT');
    expect(error?.message).toContain(field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  });

  it.each([
    ['a snapshot without name and with a made-up source', 'CreateSnapshot', { sourceVolumeId: '/' }, 'name'],
    ['a publish without target and staging path', 'NodePublishVolume', { volumeId: 'v' }, 'target_path'],
    [
      'a publish without capability and staging path',
      'NodePublishVolume',
      { volumeId: 'v', targetPath: '/t' },
      'volume_capability',
    ],
    ['an expansion with nothing', 'ControllerExpandVolume', {}, 'volume_id'],
  ])('name what is required first: %s', (_, method, request, field) => {
    expect(check(method, request)).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(check(method, request)?.message).toMatch(new RegExp(`^${field} `));
  });

  it.each([
    ['128 bytes', 'n'.repeat(128)],
    ['slashes and dots', '../../etc/passwd'],
    ['any script', 'größe-数据-💾'],
    ['tab and newline', 'a\tb\n'],
  ])('let names with %s through', (_, name) => {
    expect(check('CreateVolume', { ...VALID['CreateVolume'], name })).toBeUndefined();
  });

  it.each([
    ['129 bytes', 'n'.repeat(129)],
    ['128 characters of more bytes', 'ü'.repeat(128)],
    ['NUL', NUL_NAME],
    ['a bell', 'a\u0007'],
    ['DEL', 'a\u007f'],
    ['a C1 control', 'a\u009f'],
  ])('refuse names with %s', (_, name) => {
    expect(check('CreateVolume', { ...VALID['CreateVolume'], name })?.code).toBe('INVALID_ARGUMENT');
    expect(check('CreateSnapshot', { ...VALID['CreateSnapshot'], name })?.code).toBe('INVALID_ARGUMENT');
  });

  it.each(['x'.repeat(10_240), '../../x', '\0', '/etc/passwd'])('leave ids to the look-up: %.10j', (id) => {
    expect(check('DeleteVolume', { volumeId: id })).toBeUndefined();
    expect(check('GetSnapshot', { snapshotId: id })).toBeUndefined();
    expect(check('NodeUnstageVolume', { volumeId: id, stagingTargetPath: '/s' })).toBeUndefined();
  });

  it.each(['some/path', '/', '/a/../b', '/a//b', '/a/', '/a/./b', '/a\0', `/${'a'.repeat(4095)}`])(
    'know no mount at the path %.20j',
    (path) => {
      expect(check('NodeUnpublishVolume', { volumeId: 'v', targetPath: path })?.code).toBe(
        'INVALID_ARGUMENT',
      );
      expect(check('NodeStageVolume', { ...VALID['NodeStageVolume'], stagingTargetPath: path })?.code).toBe(
        'INVALID_ARGUMENT',
      );
      expect(check('NodeGetVolumeStats', { volumeId: 'v', volumePath: path })?.code).toBe('PATH_NOT_FOUND');
      expect(check('NodeExpandVolume', { volumeId: 'v', volumePath: path })?.code).toBe('PATH_NOT_FOUND');
    },
  );

  it('take the longest path that Linux takes', () => {
    expect(
      check('NodeUnpublishVolume', { volumeId: 'v', targetPath: `/${'a'.repeat(4094)}` }),
    ).toBeUndefined();
  });

  it.each([
    ['CreateVolume', 'parameters'],
    ['CreateVolume', 'secrets'],
    ['NodeStageVolume', 'volumeContext'],
    ['NodePublishVolume', 'publishContext'],
  ])('bound the maps of %s: %s', (method, field) => {
    const map = { key: 'v'.repeat(4093) };
    const error = check(method, { ...VALID[method], [field]: { ...map, k: '' } });

    expect(check(method, { ...VALID[method], [field]: map })).toBeUndefined();
    expect(error?.code).toBe('INVALID_ARGUMENT');
    expect(error?.message).not.toContain('vvvv');
  });

  it('bound the labels of places', () => {
    const place = { segments: { key: 'v'.repeat(5000) } };

    for (const accessibilityRequirements of [
      { requisite: [place], preferred: [] },
      { requisite: [], preferred: [place] },
    ]) {
      expect(check('CreateVolume', { ...VALID['CreateVolume'], accessibilityRequirements })?.code).toBe(
        'INVALID_ARGUMENT',
      );
    }
    expect(check('GetCapacity', { accessibleTopology: place })?.code).toBe('INVALID_ARGUMENT');
  });

  it.each([
    ['no access type', { accessMode: { mode: 'SINGLE_NODE_WRITER' } }],
    ['no access mode', { block: {}, accessMode: null }],
    ['an unknown access mode', { block: {}, accessMode: { mode: 'UNKNOWN' } }],
    ['an access mode of a later version', { block: {}, accessMode: { mode: 99 } }],
  ])('refuse a capability with %s', (_, capability) => {
    expect(
      check('CreateVolume', { ...VALID['CreateVolume'], volumeCapabilities: [CAPABILITY, capability] })
        ?.message,
    ).toContain('volume_capabilities[1]');
    expect(
      check('NodeStageVolume', { ...VALID['NodeStageVolume'], volumeCapability: capability })?.code,
    ).toBe('INVALID_ARGUMENT');
    expect(
      check('NodeExpandVolume', { ...VALID['NodeExpandVolume'], volumeCapability: capability })?.code,
    ).toBe('INVALID_ARGUMENT');
  });
});
