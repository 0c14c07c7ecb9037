import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { isErrno, SystemCallError, toErrorName } from './errno.ts';

it.each([
  [16, 'EBUSY'],
  [122, 'EDQUOT'],
  [117, 'EUCLEAN'],
  [95, 'ENOTSUP'],
  [11, 'EAGAIN'],
  [4711, 'E4711'],
])('names error %i %s', (errno, name) => {
  expect(toErrorName(errno)).toBe(name);
});

it('takes a number for each of its names', () => {
  const error = new SystemCallError({ code: 'ENOTSUP', errno: 95, syscall: 'ioctl', message: 'no' });

  expect(isErrno(error, 'EOPNOTSUPP')).toBe(true);
  expect(isErrno(error, 'EBUSY')).toBe(false);
});

it("serves Node.js's own errors, also those that it has no name for", async () => {
  const missing = await readFile('/nowhere').catch((error: unknown) => error);
  const overQuota = Object.assign(new Error('UNKNOWN: unknown error, write'), {
    code: 'UNKNOWN',
    errno: -122,
  });

  expect(isErrno(missing, 'ENOENT')).toBe(true);
  expect(isErrno(overQuota, 'EDQUOT')).toBe(true);
  expect(isErrno('ENOENT', 'ENOENT')).toBe(false);
});
