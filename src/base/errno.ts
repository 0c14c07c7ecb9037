import { constants } from 'node:os';

/**
 * Whether an error carries one of these symbolic error numbers. Goes by the number too, where there is one: Node.js has
 * no name for EDQUOT in its own errors, and ENOTSUP and EOPNOTSUPP are the same number.
 */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && typeof error.code === 'string' && codes.includes(error.code)) return true;
  if (!('errno' in error) || typeof error.errno !== 'number') return false;
  const { errno } = error;
  const numbers: Readonly<Record<string, number>> = constants.errno;
  return codes.some((code) => numbers[code] === Math.abs(errno));
}
