import { describe, expect, test } from 'vitest';
import { NfsPool } from '../config.ts';
import { checkStaticPath } from './static-path.ts';

function toPool(...staticPaths: readonly string[]): NfsPool {
  return NfsPool.parse({ type: 'shared', name: 'web', path: '/mnt', staticPaths });
}

describe('a directory that a PersistentVolume names', () => {
  test.each([
    ['/home', '/home'],
    ['/home', '/home/anna'],
    ['/', '/anything'],
  ])('is allowed by %s: %s', (allowed, path) => {
    expect(checkStaticPath(toPool(allowed), path)).toBe(path);
  });

  test.each([
    ['beside what is allowed', toPool('/home'), '/homes'],
    ['above what is allowed', toPool('/home/anna'), '/home'],
    ['in a pool that allows none', toPool(), '/home'],
    ['the root, where not all is allowed', toPool('/home'), '/'],
    ['the root, where everybody’s volumes are', toPool('/'), '/'],
    ['that the driver keeps', toPool('/'), '/volumes/abc/data'],
    ['that the driver keeps at the top', toPool('/'), '/.stowage'],
    ['with volumes that were set aside', toPool('/'), '/archived/default.web'],
  ])('%s is not allowed', (_, pool, path) => {
    expect(() => checkStaticPath(pool, path)).toThrow(expect.objectContaining({ code: 'PERMISSION_DENIED' }));
  });

  test.each(['', 'home', '/home/', '//home', '/home/../etc', '/./home', '/home\0', '/home/..'])(
    '%j is no clean path',
    (path) => {
      expect(() => checkStaticPath(toPool('/'), path)).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: expect.stringContaining('has to begin'),
        }),
      );
    },
  );
});
