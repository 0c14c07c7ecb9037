import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { keepLog } from '../../test/support/log-lines.ts';
import { createStorePaths, type StorePaths } from './paths.ts';
import type { VolumeRecord } from './records.ts';
import { setAside } from './set-aside.ts';
import { nodeFiles } from './store-files.ts';

const HASH = 'abcdefghijklmnopqrstuvwxyz';
const ID = `aaaaaaaa-${HASH}-bbbbbbbb`;
const VOLUME: VolumeRecord = {
  formatVersion: 1,
  id: ID,
  name: 'pvc-1',
  capacityBytes: 1,
  kept: { layout: 'directory', quota: 'none' },
  asked: { parameters: {}, accessType: 'mount', fsType: undefined },
  source: undefined,
  owner: {},
  nonce: 'n',
  createdAt: new Date(0).toISOString(),
};
const CLAIM = { namespace: 'default', name: 'website' };

describe('a deleted volume that is to be kept', () => {
  let root: string;
  let paths: StorePaths;
  const log = keepLog();
  const clock = new FakeClock(Date.parse('2026-11-24T10:15:00.123Z'));
  const context = () => ({ paths, files: nodeFiles, clock, logger: log.logger });
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'stowage-set-aside-'));
    paths = createStorePaths(root);
    await make();
  });
  afterEach(async () => await rm(root, { recursive: true, force: true }));

  async function make(): Promise<void> {
    const directory = paths.objectDirectory('volume', HASH);
    await mkdir(join(directory, 'data'), { recursive: true });
    await writeFile(join(directory, 'data', 'file'), 'kept');
  }

  it('is retained under its id, with all that it held', async () => {
    await setAside(context(), VOLUME, 'retain');

    expect(await readdir(paths.volumes)).toEqual([]);
    expect(await readdir(join(root, 'retained'))).toEqual([ID]);
    expect(await readFile(join(root, 'retained', ID, 'data', 'file'), 'utf8')).toBe('kept');
    expect(log.say()).toEqual(['info A deleted volume is kept, since its class says so']);
  });

  it.each<[string, Partial<VolumeRecord>, string]>([
    ['its claim', { claim: CLAIM }, 'default.website.2026-11-24T10-15-00Z.bbbbbbbb'],
    ['its name, where no claim is known', {}, 'pvc-1.2026-11-24T10-15-00Z.bbbbbbbb'],
    ['a name that can be one of a file', { name: '../a b/ü' }, '.._a_b__.2026-11-24T10-15-00Z.bbbbbbbb'],
    [
      'a claim that cannot lead elsewhere',
      { claim: { namespace: '..', name: '/etc' } },
      '..._etc.2026-11-24T10-15-00Z.bbbbbbbb',
    ],
  ])('is archived under %s, and the time', async (_, changes, name) => {
    await setAside(context(), { ...VOLUME, ...changes }, 'archive');

    expect(await readdir(join(root, 'archived'))).toEqual([name]);
    expect(await readFile(join(root, 'archived', name, 'data', 'file'), 'utf8')).toBe('kept');
  });

  it('is archived also when its claim has the longest name that there is', async () => {
    const claim = { namespace: 'n'.repeat(63), name: 'c'.repeat(253) };

    await setAside(context(), { ...VOLUME, claim }, 'archive');

    const [name] = await readdir(join(root, 'archived'));
    expect(name).toMatch(/^n{63}\.c+\.2026-11-24T10-15-00Z\.bbbbbbbb$/);
  });

  it.each(['retain', 'archive'] as const)('may be deleted twice (%s)', async (how) => {
    await setAside(context(), VOLUME, how);
    clock.advance(60_000);

    await setAside(context(), VOLUME, how);

    expect(await readdir(paths.setAside[how])).toHaveLength(1);
  });

  it('does not get in the way of a later one of the same claim', async () => {
    await setAside(context(), { ...VOLUME, claim: CLAIM }, 'archive');
    await make();

    await setAside(context(), { ...VOLUME, id: `aaaaaaaa-${HASH}-cccccccc`, claim: CLAIM }, 'archive');

    expect(await readdir(join(root, 'archived'))).toHaveLength(2);
  });
});
