import { describe, expect, test } from 'vitest';
import { DriverError } from '../../../domain/errors.ts';
import { NfsPool } from '../config.ts';
import { toServerError, withServerErrors } from './server-errors.ts';

const never = new AbortController().signal;
const EXPORT = NfsPool.parse({ type: 'nfs', name: 'web', server: '10.0.0.1', export: '/srv' });
const SHARED = NfsPool.parse({ type: 'shared', name: 'ceph', path: '/mnt/ceph' });

const errno = (code: string): Error => Object.assign(new Error(`${code}: raw`), { code });

describe('what a server answers', () => {
  test.each([
    ['EACCES', /does not let this node in.*exportfs -v/],
    ['EPERM', /does not let this node do that/],
    ['ESTALE', /does not know what was mounted any more/],
    ['EIO', /input\/output errors/],
    ['EROFS', /read-only/],
    ['ETIMEDOUT', /does not answer in time/],
    ['EREMOTEIO', /says EREMOTEIO/],
  ])('%s names the server, the pool and what to look at', (code, sentence) => {
    const cause = errno(code);
    const error = toServerError(cause, EXPORT);
    expect(error).toMatchObject({ code: 'POOL_UNAVAILABLE', cause });
    expect(String(error)).toContain('The server of 10.0.0.1:/srv (pool web)');
    expect(String(error)).toMatch(sentence);
  });

  test.each(['ENOSPC', 'EDQUOT'])('%s is a full pool, not one that is away', (code) => {
    expect(toServerError(errno(code), EXPORT)).toMatchObject({ code: 'NO_ROOM' });
  });

  test('another shared file system is told by its path', () => {
    expect(String(toServerError(errno('EIO'), SHARED))).toContain('The file system at /mnt/ceph (pool ceph)');
  });

  test.each([
    ['an error with a sentence', new DriverError('VOLUME_NOT_FOUND', 'There is no volume.')],
    ['an abort', new DOMException('aborted', 'AbortError')],
    ["an error of node's own", Object.assign(new Error('bad'), { code: 'ERR_INVALID_ARG_TYPE' })],
    ['a defect', new TypeError('x is undefined')],
    ['what is no error', 'thrown'],
  ])('%s passes unchanged', (_what, error) => {
    expect(toServerError(error, EXPORT)).toBe(error);
  });

  test('verbs keep their answers, and their errors get sentences', async () => {
    const verbs = withServerErrors(
      {
        ask: async (argument: string, _signal: AbortSignal) => await Promise.resolve(argument),
        fail: async (_argument: string, _signal: AbortSignal) => await Promise.reject(errno('ESTALE')),
      },
      EXPORT,
    );
    await expect(verbs.ask('what', never)).resolves.toBe('what');
    await expect(verbs.fail('what', never)).rejects.toMatchObject({ code: 'POOL_UNAVAILABLE' });
  });
});
