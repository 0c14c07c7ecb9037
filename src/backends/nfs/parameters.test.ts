import { describe, expect, test } from 'vitest';
import { parseParameters } from '../parameters.ts';
import { NfsParameters } from './parameters.ts';

describe('NFS parameters', () => {
  test('enforce sizes and remove what is deleted when nothing is said', () => {
    expect(parseParameters(NfsParameters, {}).parameters).toEqual({ quota: 'required', onDelete: 'delete' });
  });

  test('are parsed into what they mean', () => {
    const raw = { pool: 'web', quota: 'none', onDelete: 'archive', nfsVersions: '4.1, 4.2', mode: '2770' };

    expect(parseParameters(NfsParameters, raw).parameters).toEqual({
      pool: 'web',
      quota: 'none',
      onDelete: 'archive',
      nfsVersions: ['4.1', '4.2'],
      mode: 0o2770,
    });
  });

  test.each([
    ['pool', ''],
    ['quota', 'off'],
    ['onDelete', 'keep'],
    ['nfsVersions', ''],
    ['nfsVersions', '4.2,'],
    ['nfsVersions', '4.2,4.2'],
    ['nfsVersions', '4'],
    ['uid', '-1'],
    ['mode', 'rwx'],
  ])('%s: %j is refused by name', (key, value) => {
    expect(() => parseParameters(NfsParameters, { [key]: value })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(`"${key}"`) }),
    );
  });

  test('what host-path has and NFS has not is refused', () => {
    expect(() => parseParameters(NfsParameters, { layout: 'image' })).toThrow(/layout/);
  });

  test('every one has a description', () => {
    for (const schema of Object.values(NfsParameters.shape)) {
      expect(schema.meta()?.description).toBeTypeOf('string');
    }
  });
});
