import { describe, expect, it } from 'vitest';
import { isDriverError } from '../domain/errors.ts';
import { SystemCallError } from './errno.ts';
import { createMounts } from './mounts.ts';
import type { BindMountCall, MountCall } from './syscalls/syscalls.ts';

const signal = new AbortController().signal;

const ROOT = '1 0 8:1 / / rw - ext4 /dev/sda1 rw';
const POOL = '2 1 7:1 / /nowhere/pool rw,nosuid,relatime - xfs /dev/loop1 rw';

/** Mounts over a fixed mountinfo, with a record of the system calls and an answer for each by its number. */
function setUp(lines: readonly string[], answers: readonly (string | undefined)[] = []) {
  const calls: (MountCall | BindMountCall | { readonly unmounted: string })[] = [];
  async function answer(): Promise<void> {
    const code = answers[calls.length - 1];
    if (code !== undefined) throw new SystemCallError({ code, errno: 0, syscall: 'call', message: code });
  }
  const mounts = createMounts({
    readMountInfo: async () => `${lines.join('\n')}\n`,
    syscalls: {
      mount: async (call) => {
        calls.push(call);
        await answer();
      },
      bindMount: async (call) => {
        calls.push(call);
        await answer();
      },
      unmount: async ({ target }) => {
        calls.push({ unmounted: target });
        await answer();
      },
    },
  });
  return { mounts, calls };
}

describe('listOf', () => {
  it.each([
    { what: 'a bind mount elsewhere', line: '3 1 7:1 /v/a /pods/x rw - xfs /dev/loop1 rw', isListed: true },
    { what: 'one of what lies below', line: '3 1 7:1 /v/a/b /pods/x rw - xfs /dev/loop1 rw', isListed: true },
    { what: 'one of a neighbour', line: '3 1 7:1 /v/ab /pods/x rw - xfs /dev/loop1 rw', isListed: false },
    { what: 'one of what is above', line: '3 1 7:1 /v /pods/x rw - xfs /dev/loop1 rw', isListed: false },
    {
      what: 'the same path of another device',
      line: '3 1 7:2 /v/a /p rw - xfs /dev/loop2 rw',
      isListed: false,
    },
    {
      what: 'a directory that is gone',
      line: '3 1 7:1 /v/a//deleted /p rw - xfs /dev/loop1 rw',
      isListed: false,
    },
  ])('$what: $isListed', async ({ line, isListed }) => {
    const { mounts } = setUp([ROOT, POOL, line]);

    const found = await mounts.listOf('/nowhere/pool/v/a', signal);

    expect(found.map((mount) => mount.mountId)).toEqual(isListed ? [3] : []);
  });

  it('goes by where the holding mount begins in its file system', async () => {
    const { mounts } = setUp([
      ROOT,
      '2 1 7:1 /deep /nowhere/pool rw - xfs l rw',
      '3 1 7:1 /deep/v /p rw - xfs l rw',
    ]);

    const found = await mounts.listOf('/nowhere/pool/v', signal);

    expect(found.map((mount) => mount.mountId)).toEqual([3]);
  });
});

describe('bind', () => {
  const target = '/nowhere/pool';
  const asked = { source: '/nowhere/source', target, options: [] };

  it.each([
    { readOnly: false, flags: ['noexec'] },
    { readOnly: true, flags: ['noexec', 'ro'] },
  ])('is one step, flags and read-only ($readOnly) included', async ({ readOnly, flags }) => {
    const { mounts, calls } = setUp([ROOT, POOL]);

    await mounts.bind({ ...asked, options: ['noexec'], readOnly }, signal);

    expect(calls).toEqual([{ source: '/nowhere/source', target, flags }]);
  });
});

describe('unmount', () => {
  it.each([
    { code: 'EINVAL', path: '/nowhere/else', outcome: 'fine' },
    { code: 'ENOENT', path: '/nowhere/else', outcome: 'fine' },
    { code: 'EINVAL', path: '/nowhere/pool', outcome: 'EINVAL' },
    { code: 'EIO', path: '/nowhere/else', outcome: 'EIO' },
  ])('of $path that fails with $code: $outcome', async ({ code, path, outcome }) => {
    const { mounts } = setUp([ROOT, POOL], [code]);

    const result = await mounts.unmount(path, signal).then(
      () => 'fine',
      (error: Error) => error.message,
    );

    expect(result).toBe(outcome);
  });

  it('says that a busy one is in use', async () => {
    const { mounts } = setUp([ROOT, POOL], ['EBUSY']);

    const unmounting = mounts.unmount('/nowhere/pool', signal);

    await expect(unmounting).rejects.toSatisfy((error) => isDriverError(error, 'VOLUME_IN_USE'));
  });
});

describe('getHolding', () => {
  it('throws when no mount is visible there', async () => {
    const { mounts } = setUp([POOL]);

    const looking = mounts.getHolding('/elsewhere', signal);

    await expect(looking).rejects.toSatisfy((error) => isDriverError(error, 'INTERNAL'));
  });
});
