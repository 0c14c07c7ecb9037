import { describe, expect, it } from 'vitest';
import { describeFileStore, MiB, toRequest, untilDone } from '../../contract/file-store.ts';
import { makeLocalStore } from '../../contract/file-store-local.ts';
import type { ScratchOptions } from '../../support/scratch.ts';

const XFS = { type: 'xfs', sizeBytes: 6 * 1024 * MiB, mountOptions: ['prjquota'] } as const;
const EXT4 = {
  type: 'ext4',
  sizeBytes: 2 * 1024 * MiB,
  mountOptions: ['prjquota'],
  makeOptions: ['-O', 'quota,project'],
} as const;

describeFileStore({
  name: 'directories with project quotas on xfs',
  layout: 'directory',
  quota: 'required',
  createStore: async () => await makeLocalStore(XFS),
});

describe('a pool with project quotas', () => {
  it.each<{ readonly scratch: ScratchOptions; readonly takes: string; readonly why: string }>([
    { scratch: XFS, takes: 'directory', why: 'its quota binds root' },
    { scratch: EXT4, takes: 'image', why: 'its quota does not bind root' },
  ])('on $scratch.type takes the layout $takes by itself, since $why', async ({ scratch, takes }) => {
    await using fixture = await makeLocalStore(scratch);
    const signal = AbortSignal.timeout(60_000);

    const request = toRequest('auto', { layout: 'auto', fsType: 'ext4' });
    const volume = await untilDone(() => fixture.store.createVolume(request, signal));

    expect(fixture.store.abilities).toMatchObject({ quota: 'project', quotaIsHard: takes === 'directory' });
    expect(volume.kept.layout).toBe(takes);
  });

  it('on ext4 makes a directory when it is asked for', async () => {
    await using fixture = await makeLocalStore(EXT4);
    const signal = AbortSignal.timeout(60_000);

    const request = toRequest('asked', { layout: 'directory' });
    const volume = await untilDone(() => fixture.store.createVolume(request, signal));

    expect(volume.kept).toMatchObject({ layout: 'directory', quota: 'project' });
  });
});
