import { constants } from 'node:os';

/** A system call that failed. Node's own file errors have the same `code`, so {@link isErrno} serves both. */
export class SystemCallError extends Error {
  override readonly name = 'SystemCallError';
  /** The symbolic name: `EBUSY`. */
  readonly code: string;
  readonly errno: number;
  /** The call: `mount`, `ioctl(LOOP_CONFIGURE)`. */
  readonly syscall: string;

  constructor(failure: { code: string; errno: number; syscall: string; message: string }) {
    super(failure.message);
    this.code = failure.code;
    this.errno = failure.errno;
    this.syscall = failure.syscall;
  }
}

/** Linux error numbers that file systems answer with and that Node.js has no names for. */
const UNNAMED: Readonly<Record<number, string>> = { 117: 'EUCLEAN', 123: 'ENOMEDIUM', 124: 'EMEDIUMTYPE' };

/** Of the names that share a number, the one that Node.js gives its own errors. */
const PREFERRED: Readonly<Record<number, string>> = {
  [constants.errno.EAGAIN]: 'EAGAIN',
  [constants.errno.ENOTSUP]: 'ENOTSUP',
};

/** The symbolic name of a (positive) error number: `EBUSY`; `E4711` for one that nobody knows. */
export function toErrorName(errno: number): string {
  const known = Object.entries(constants.errno).find(([, value]) => value === errno)?.[0];
  return PREFERRED[errno] ?? known ?? UNNAMED[errno] ?? `E${errno}`;
}

export { isErrno } from '../base/errno.ts';
