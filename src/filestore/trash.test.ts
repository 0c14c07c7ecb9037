import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { createLossyFiles } from '../../test/support/lossy-files.ts';
import { unusable } from '../../test/support/unusable.ts';
import { hashOf, toVolumeRecord } from '../../test/support/volume-record.ts';
import type { Host } from '../host/host.ts';
import type { QuotaKind } from '../host/quotas/quota.ts';
import { silentLogger } from '../observability/logger.ts';
import { createStorePaths, type StorePaths } from './paths.ts';
import type { VolumeRecord } from './records.ts';
import { nodeFiles, type StoreFiles } from './store-files.ts';
import { Trash } from './trash.ts';

const MINUTE_MS = 60_000;

describe('a trash that nodes share', () => {
  let paths: StorePaths;
  let clock: FakeClock;
  beforeEach(async () => {
    paths = createStorePaths(await mkdtemp(join(tmpdir(), 'stowage-trash-')));
    clock = new FakeClock();
    for (const path of [paths.trash, paths.volumes]) await mkdir(path, { recursive: true });
  });
  afterEach(async () => await rm(paths.root, { recursive: true, force: true }));

  function create(files: StoreFiles = nodeFiles): Trash {
    const quota = unusable<QuotaKind>('quota', {
      name: 'none',
      removeTree: ({ path }) => rm(path, { recursive: true, force: true }),
    });
    const host = unusable<Host>('host');
    return new Trash({ paths, host, quota, isShared: true, files, clock, logger: silentLogger });
  }

  async function store(record: VolumeRecord): Promise<string> {
    const directory = paths.objectDirectory('volume', hashOf(record));
    await mkdir(join(directory, 'data'), { recursive: true });
    await writeFile(join(directory, 'volume.json'), JSON.stringify(record));
    return directory;
  }

  const untilEmpty = () => expect.poll(() => readdir(paths.trash)).toEqual([]);

  it('removes what is discarded also when every answer is lost', async () => {
    const volume = toVolumeRecord('a');
    const trash = create(createLossyFiles(() => 'answer-lost'));

    await trash.discard(await store(volume), volume.id);
    await trash.discard(paths.objectDirectory('volume', hashOf(volume)), volume.id);

    await untilEmpty();
    expect(await readdir(paths.volumes)).toEqual([]);
    await trash.close();
  });

  it('is emptied by two at once', async () => {
    for (let number = 0; number < 20; number += 1)
      await rename(await store(toVolumeRecord(`v${number}`)), join(paths.trash, `volume.${number}`));
    const [one, other] = [create(), create()];

    await Promise.all([one.resume(), other.resume()]);

    await expect.poll(() => readdir(paths.trash)).toEqual([]);
    await Promise.all([one.close(), other.close()]);
  });

  it('gives back at once a volume that got the name just before the other one was discarded', async () => {
    const [asked, successor] = [toVolumeRecord('a'), toVolumeRecord('a')];
    const trash = create();

    await trash.discard(await store(successor), asked.id);

    expect(await readdir(paths.volumes)).toEqual([hashOf(successor)]);
    expect(await readdir(paths.trash)).toEqual([]);
    await trash.close();
  });

  it('gives such a volume back also after the one that took it has died, and never removes it', async () => {
    const [asked, successor, third] = [toVolumeRecord('a'), toVolumeRecord('a'), toVolumeRecord('a')];
    const entry = `${asked.id}.abc`;
    await rename(await store(successor), join(paths.trash, entry));
    const inTheWay = await store(third);
    const trash = create();

    await trash.resume();
    await clock.whenSleeping();
    expect(await readdir(paths.trash)).toEqual([entry]);
    await rm(inTheWay, { recursive: true });
    clock.advance(5_000);

    await untilEmpty();
    expect(await readdir(paths.volumes)).toEqual([hashOf(successor)]);
    await trash.close();
  });

  it('takes over what another has not removed for a quarter of an hour', async () => {
    await rename(await store(toVolumeRecord('a')), join(paths.trash, 'volume.abc'));
    const trash = create();

    for (let minute = 0; minute < 15; minute += 1) {
      await trash.adopt();
      clock.advance(MINUTE_MS);
    }
    expect(await readdir(paths.trash)).toEqual(['volume.abc']);
    await trash.adopt();

    await untilEmpty();
    await trash.close();
  });
});
