import { describe, expect, it } from 'vitest';
import { toRegistryError } from './registry-text.ts';

function toSystemError(code: string): Error {
  return Object.assign(new Error(`${code}: no luck, open '/state/registry/x'`), { code, syscall: 'open' });
}

describe('a registry whose files cannot be used', () => {
  it.each(['EACCES', 'EPERM'])(
    'for want of rights names who needs them, and how to give them (%s)',
    (code) => {
      const { code: kind, message } = toRegistryError('/state/registry', toSystemError(code), 65_532);

      expect(kind).toBe('POOL_UNAVAILABLE');
      expect(message).toBe(
        `The registry of pools (/state/registry) cannot be used by user 65532, as whom this program runs: ${code}: no luck, open '/state/registry/x'. Give that user the directory and all that is in it (chown -R 65532 /state/registry), and run commands that change it as the same user.`,
      );
    },
  );

  it('since they are on a disk that cannot be written says so', () => {
    const { message } = toRegistryError('/state/registry', toSystemError('EROFS'), 0);

    expect(message).toMatch(/EROFS.*\. Mount its file system for writing, or set another stateDirectory\.$/);
  });

  it('for another reason says that they are to be repaired', () => {
    const { message } = toRegistryError('/state/registry', toSystemError('ENOTDIR'), 0);

    expect(message).toMatch(/ENOTDIR.*\. Repair it; if you remove it, /);
  });
});
