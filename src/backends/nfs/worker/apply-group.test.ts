import { chmod, lstat, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyGroup } from './apply-group.ts';

describe.runIf(process.getuid?.() === 0)('the group of a volume', () => {
  let directory: string;
  beforeEach(async () => (directory = await mkdtemp(join(tmpdir(), 'stowage-group-'))));
  afterEach(async () => await rm(directory, { recursive: true, force: true }));

  const look = async (path: string): Promise<{ gid: number; mode: string }> => {
    const { gid, mode } = await lstat(path);
    return { gid, mode: (mode & 0o7777).toString(8) };
  };

  test('owns its root, may write there, and inherits to what is made in it', async () => {
    await chmod(directory, 0o755);
    await applyGroup(directory, 2000, 'v');
    expect(await look(directory)).toEqual({ gid: 2000, mode: '2775' });
    await mkdir(join(directory, 'made'));
    expect(await look(join(directory, 'made'))).toMatchObject({ gid: 2000 });
  });

  test('leaves what is in there alone', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '', { mode: 0o600 });
    const before = await look(file);
    await applyGroup(directory, 2000, 'v');
    expect(await look(file)).toEqual(before);
  });

  test('is applied once: the second time changes nothing, not even the time of change', async () => {
    await applyGroup(directory, 2000, 'v');
    const { ctimeNs } = await lstat(directory, { bigint: true });
    await applyGroup(directory, 2000, 'v');
    expect((await lstat(directory, { bigint: true })).ctimeNs).toBe(ctimeNs);
  });

  test('mends bits that an interrupted call left without', async () => {
    await applyGroup(directory, 2000, 'v');
    await chmod(directory, 0o750);
    await applyGroup(directory, 2000, 'v');
    expect(await look(directory)).toEqual({ gid: 2000, mode: '2770' });
  });

  test('a directory that is not there is no matter of rights', async () => {
    await expect(applyGroup(join(directory, 'missing'), 2000, 'v')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
