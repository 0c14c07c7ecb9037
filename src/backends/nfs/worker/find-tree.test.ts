import { mkdir, mkdtemp, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DriverError } from '../../../domain/errors.ts';
import { openStaticDirectory, toTreeError } from './find-tree.ts';

describe('a directory that a PersistentVolume names', () => {
  let root: string;
  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'stowage-tree-')));
    await mkdir(join(root, 'media', 'films'), { recursive: true });
  });
  afterEach(async () => await rm(root, { recursive: true, force: true }));

  async function open(path: string): Promise<string> {
    const handle = await openStaticDirectory(root, { path, poolName: 'web' });
    try {
      return await readlink(`/proc/self/fd/${handle.fd}`);
    } finally {
      await handle.close();
    }
  }

  test.each([
    ['/media/films', 'media/films'],
    ['media', 'media'],
    ['//media///films/', 'media/films'],
    ['/', ''],
  ])('%s is opened as it is', async (path, found) => {
    expect(await open(path)).toBe(join(root, found));
  });

  test.each([
    ['a link at its end', 'to-films'],
    ['a link on its way', 'to-media/films'],
    ['a link out of the export', 'to-etc'],
    ['a file', 'file'],
    ['what is not there', 'missing'],
    ['a way through a file', 'file/films'],
  ])('%s is refused', async (_what, path) => {
    await symlink('media/films', join(root, 'to-films'));
    await symlink('media', join(root, 'to-media'));
    await symlink('/etc', join(root, 'to-etc'));
    await writeFile(join(root, 'file'), '');
    await expect(open(path)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringMatching(/volumeAttributes\.path/),
    });
  });
});

describe('an export that squashes root', () => {
  const denied = Object.assign(new Error('denied'), { code: 'EACCES' });

  test.each([
    ['from the system', denied],
    ['inside an error of ours', new DriverError('INTERNAL', 'no record', { cause: denied })],
  ])('is said, %s', (_where, error) => {
    expect(toTreeError(error, 'web')).toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringMatching(/pool web.*squashes root.*no_root_squash/s),
    });
  });

  test('other errors pass unchanged', () => {
    const other = Object.assign(new Error('stale'), { code: 'ESTALE' });
    expect(toTreeError(other, 'web')).toBe(other);
  });
});
