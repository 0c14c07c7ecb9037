import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeFileStore, MiB, toRequest, untilDone } from '../../contract/file-store.ts';
import { makeLocalStore } from '../../contract/file-store-local.ts';
import { ADOPTED } from '../../support/adopted.ts';
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

  it('takes over a directory with its size enforced, or leaves it where it is when it holds more', async () => {
    await using fixture = await makeLocalStore(XFS);
    const signal = AbortSignal.timeout(60_000);
    const home = join(fixture.paths.root, ADOPTED.directory);
    await mkdir(home, { recursive: true });
    await writeFile(join(home, 'file'), Buffer.alloc(4 * MiB, 1), { flush: true });
    const asked = { ...ADOPTED, quota: 'required' } as const;
    const adopt = async (capacityBytes: number) =>
      await fixture.store.adoptVolume({ ...asked, capacityBytes }, signal);

    await expect(adopt(2 * MiB)).rejects.toMatchObject({ code: 'SIZE_OUT_OF_RANGE' });
    expect(await readdir(home)).toEqual(['file']);
    const { id, kept } = await adopt(8 * MiB);

    expect(kept).toMatchObject({ layout: 'directory', quota: 'project', projectId: expect.any(Number) });
    const { path } = await fixture.store.locate({ id }, signal);
    await expect(writeFile(join(path, 'more'), Buffer.alloc(8 * MiB, 1), { flush: true })).rejects.toThrow(
      /ENOSPC/,
    );
    expect(await fixture.store.getUsage({ id }, signal)).toMatchObject({ capacityBytes: 8 * MiB });
    const healthy = await fixture.store.getVolumeHealth({ id }, signal);
    expect(healthy.filter(({ reason }) => reason !== 'QuotaReached')).toEqual([]);
  });

  it('puts a directory back that an earlier life moved, when there is no room for its volume any more', async () => {
    await using fixture = await makeLocalStore(XFS);
    const signal = AbortSignal.timeout(60_000);
    const home = join(fixture.paths.root, ADOPTED.directory);
    await mkdir(home, { recursive: true });
    await writeFile(join(home, 'file'), 'content', { flush: true });
    await fixture.reopen({
      onStep: (step) => {
        if (step === 'moved') throw new Error('of a test');
      },
    });
    const asked = { ...ADOPTED, quota: 'required' } as const;
    await expect(fixture.store.adoptVolume(asked, signal)).rejects.toThrow('of a test');
    await fixture.reopen();

    const adoption = fixture.store.adoptVolume({ ...asked, capacityBytes: 2 ** 40 }, signal);

    await expect(adoption).rejects.toMatchObject({ code: 'NO_ROOM' });
    expect(await readdir(home)).toEqual(['file']);
    expect(await readdir(fixture.paths.adoptions)).toEqual([]);
  });

  it('on ext4 makes a directory when it is asked for', async () => {
    await using fixture = await makeLocalStore(EXT4);
    const signal = AbortSignal.timeout(60_000);

    const request = toRequest('asked', { layout: 'directory' });
    const volume = await untilDone(() => fixture.store.createVolume(request, signal));

    expect(volume.kept).toMatchObject({ layout: 'directory', quota: 'project' });
  });
});
