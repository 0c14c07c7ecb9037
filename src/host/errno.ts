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

/** Whether an error carries one of these symbolic error numbers. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return typeof error.code === 'string' && codes.includes(error.code);
}
