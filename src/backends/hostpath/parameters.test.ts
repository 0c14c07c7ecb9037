import { describe, expect, test } from 'vitest';
import { parseParameters } from '../parameters.ts';
import { HostpathParameters } from './parameters.ts';

describe('host-path parameters', () => {
  test('are what the quick start needs when nothing is said', () => {
    expect(parseParameters(HostpathParameters, {}).parameters).toEqual({
      layout: 'auto',
      quota: 'required',
      isolation: 'standard',
      preallocate: false,
    });
  });

  test('are parsed into what they mean', () => {
    const raw = { pool: 'fast', preallocate: 'true', uid: '1000', gid: '4294967294', mode: '0770' };

    expect(parseParameters(HostpathParameters, raw).parameters).toMatchObject({
      pool: 'fast',
      preallocate: true,
      uid: 1000,
      gid: 4_294_967_294,
      mode: 0o770,
    });
  });

  test.each([
    ['pool', ''],
    ['layout', 'tree'],
    ['quota', 'off'],
    ['isolation', 'very'],
    ['preallocate', 'yes'],
    ['uid', '-1'],
    ['uid', '4294967295'],
    ['gid', 'staff'],
    ['mode', '0888'],
    ['mode', 'rwx'],
  ])('%s: %j is refused by name', (key, value) => {
    expect(() => parseParameters(HostpathParameters, { [key]: value })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(`"${key}"`) }),
    );
  });

  test('every one has a description', () => {
    for (const schema of Object.values(HostpathParameters.shape)) {
      expect(schema.meta()?.description).toBeTypeOf('string');
    }
  });
});
