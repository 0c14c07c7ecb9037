import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { keepLog } from '../../test/support/log-lines.ts';
import { ExaminedEntries, putBackMisplaced } from './misplaced.ts';
import { createStorePaths, type StorePaths } from './paths.ts';
import type { VolumeRecord } from './records.ts';
import { setAside } from './set-aside.ts';
import { nodeFiles, type StoreFiles } from './store-files.ts';

const HASH = 'abcdefghijklmnopqrstuvwxyz';
const [DELETED, REMADE] = [`aaaaaaaa-${HASH}-bbbbbbbb`, `aaaaaaaa-${HASH}-cccccccc`];

function toRecord(id: string): VolumeRecord {
  return {
    formatVersion: 1,
    id,
    name: 'pvc-1',
    capacityBytes: 1,
    kept: { layout: 'directory', quota: 'none' },
    asked: { parameters: {}, accessType: 'mount', fsType: undefined },
    source: undefined,
    owner: {},
    nonce: 'n',
    createdAt: new Date(0).toISOString(),
  };
}

describe('a volume that was made again while the one before it was set aside', () => {
  let root: string;
  let paths: StorePaths;
  const log = keepLog();
  const clock = new FakeClock(Date.parse('2026-11-24T10:15:00.123Z'));
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'stowage-misplaced-'));
    paths = createStorePaths(root);
  });
  afterEach(async () => await rm(root, { recursive: true, force: true }));

  const context = (files: StoreFiles = nodeFiles) => ({ paths, files, clock, logger: log.logger });
  const getPlace = (): string => paths.objectDirectory('volume', HASH);

  async function make(id: string): Promise<void> {
    await mkdir(join(getPlace(), 'data'), { recursive: true });
    await writeFile(join(getPlace(), 'data', 'file'), id);
    await writeFile(join(getPlace(), 'volume.json'), JSON.stringify(toRecord(id)));
  }

  /** The first rename is done, and then the program is killed. */
  function dieAfterRename(): StoreFiles {
    let renames = 0;
    return {
      ...nodeFiles,
      async rename(source, target) {
        renames += 1;
        if (renames > 1) throw new Error('killed');
        await nodeFiles.rename(source, target);
      },
    };
  }

  async function misplace(how: 'retain' | 'archive'): Promise<void> {
    await make(REMADE);
    await expect(setAside(context(dieAfterRename()), toRecord(DELETED), how)).rejects.toThrow('killed');
    expect(await readdir(paths.volumes)).toEqual([]);
  }

  const readId = async (): Promise<string> => await readFile(join(getPlace(), 'data', 'file'), 'utf8');

  it.each(['retain', 'archive'] as const)('goes back after a kill (%s)', async (how) => {
    await misplace(how);

    await putBackMisplaced(context(), new ExaminedEntries());

    expect(await readId()).toBe(REMADE);
    expect(await readdir(paths.setAside[how])).toEqual([]);
  });

  it.each(['retain', 'archive'] as const)('leaves what is set aside rightly (%s)', async (how) => {
    await make(DELETED);
    await setAside(context(), toRecord(DELETED), how);
    const [name = ''] = await readdir(paths.setAside[how]);
    const examined = new ExaminedEntries();

    await putBackMisplaced(context(), examined);
    await putBackMisplaced(context(), examined);

    expect(await readdir(paths.setAside[how])).toEqual([name]);
    expect(examined.right.size).toBe(1);
  });

  it.each(['old-website', 'website.cccccccd', `aaaaaaaa-${HASH.replace('a', 'b')}-bbbbbbbb`])(
    'leaves what people keep there as %s',
    async (name) => {
      await make(REMADE);
      for (const how of ['retain', 'archive'] as const) await mkdir(paths.setAside[how]);
      await rename(getPlace(), join(paths.setAside.retain, name));
      await make(REMADE);
      await rename(getPlace(), join(paths.setAside.archive, name));

      await putBackMisplaced(context(), new ExaminedEntries());

      expect(await readdir(paths.volumes)).toEqual([]);
    },
  );

  it('stays while yet another one has its place, which is said once', async () => {
    await misplace('retain');
    const later = `aaaaaaaa-${HASH}-dddddddd`;
    await make(later);
    const said = log.say().length;
    const examined = new ExaminedEntries();

    await putBackMisplaced(context(), examined);
    await putBackMisplaced(context(), examined);

    expect(await readId()).toBe(later);
    expect(log.say().slice(said)).toEqual([expect.stringMatching(/^error A volume was set aside/)]);
    await rm(getPlace(), { recursive: true });
    await putBackMisplaced(context(), examined);
    expect(await readId()).toBe(REMADE);
  });

  it('goes back although something else there cannot be read', async () => {
    await misplace('retain');
    const broken = join(paths.setAside.retain, '0-broken');
    await mkdir(broken);
    await writeFile(join(broken, 'volume.json'), '{');

    await putBackMisplaced(context(), new ExaminedEntries());

    expect(await readId()).toBe(REMADE);
  });

  it('goes back by the program itself, also when another one has just done that', async () => {
    await make(REMADE);
    const files: StoreFiles = {
      ...nodeFiles,
      async rename(source, target) {
        await nodeFiles.rename(source, target);
        if (target !== getPlace()) await putBackMisplaced(context(), new ExaminedEntries());
      },
    };

    await setAside(context(files), toRecord(DELETED), 'retain');

    expect(await readId()).toBe(REMADE);
  });
});
