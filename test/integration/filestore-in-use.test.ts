import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { MiB, toRequest } from '../contract/file-store.ts';
import { makeLocalStore } from '../contract/file-store-local.ts';
import { skipsRootTests } from '../support/scratch.ts';

const exec = promisify(execFile);
const signal = AbortSignal.timeout(600_000);

describe.skipIf(skipsRootTests())('a directory that something else is mounted in', () => {
  it('is not removed before that is unmounted', async () => {
    await using fixture = await makeLocalStore({ type: 'btrfs', sizeBytes: 1024 * MiB });
    const { store } = fixture;
    const { id } = await store.createVolume(toRequest('mounted-in', {}), signal);
    const inside = join((await store.locate({ id }, signal)).path, 'sub');
    await mkdir(inside);
    await exec('mount', ['-t', 'tmpfs', 'tmpfs', inside]);

    const removal = store.deleteVolume({ id }, signal);

    await expect(removal).rejects.toMatchObject({
      code: 'VOLUME_IN_USE',
      message: expect.stringContaining(inside),
    });
    await exec('umount', [inside]);
    await store.deleteVolume({ id }, signal);
    expect(await store.findVolume({ id }, signal)).toBeUndefined();
  });
});
