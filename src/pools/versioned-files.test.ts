import { mkdir, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VersionedFiles } from './versioned-files.ts';

describe('texts with versions', () => {
  let scratch: Awaited<ReturnType<typeof mkdtempDisposable>>;
  let directory: string;
  let files: VersionedFiles;
  beforeEach(async () => {
    scratch = await mkdtempDisposable('/var/tmp/stowage-versions-');
    directory = join(scratch.path, 'a', 'b');
    files = new VersionedFiles(directory);
  });
  afterEach(() => scratch.remove());

  it('are made with their directory, and only the newest stays', async () => {
    expect(await files.list()).toEqual([]);
    expect(await files.write('x', 1, 'one')).toBe(true);
    expect(await files.write('x', 2, 'two')).toBe(true);

    expect(await files.find('x')).toMatchObject({ version: 2, text: 'two' });
    expect(await files.find('y')).toBeUndefined();
    expect(await readdir(directory)).toEqual(['x.2.json']);
  });

  it('are changed by one of those who have read the same version', async () => {
    await files.write('x', 1, 'one');
    const answers = await Promise.all(['a', 'b', 'c'].map(async (text) => await files.write('x', 2, text)));

    expect(answers.filter(Boolean)).toHaveLength(1);
    expect((await files.find('x'))?.text).toBe(['a', 'b', 'c'][answers.indexOf(true)]);
  });

  it('are not changed by somebody who read a version that was replaced long ago', async () => {
    for (const version of [1, 2, 3]) await files.write('x', version, `${version}`);

    expect(await files.write('x', 2, 'late')).toBe(false);
    expect(await files.find('x')).toMatchObject({ version: 3, text: '3' });
    expect(await readdir(directory)).toEqual(['x.3.json']);
  });

  it('are found although each is replaced while a long directory is listed', async () => {
    await mkdir(directory, { recursive: true });
    for (let index = 0; index < 300; index += 1)
      await writeFile(join(directory, `other-${index}.1.json`), '');
    await files.write('x', 1, 'one');
    let listings = 0;
    const watched = new VersionedFiles(directory, async (path) => {
      listings += 1;
      // The kernel tells a long directory in pieces: by the first the new version is not there yet, by the last the old one is not there any more.
      const early = await readdir(path);
      if (listings === 1) await files.write('x', 2, 'two');
      const late = await readdir(path);
      return early.filter((name) => late.includes(name));
    });

    expect(await watched.find('x')).toMatchObject({ version: 2, text: 'two' });
  });

  it('are found in whichever of two listings they were', async () => {
    for (const name of ['x', 'y']) await files.write(name, 1, name);
    const others = Array.from({ length: 300 }, (_, index) => `other-${index}.txt`);
    const listings = ['x.1.json', 'y.1.json'].map((name) => [name, ...others]);
    const watched = new VersionedFiles(directory, async () => await Promise.resolve(listings.shift() ?? []));

    expect((await watched.list()).map(({ name }) => name)).toEqual(['x', 'y']);
  });

  it('are read while they are being changed', async () => {
    await files.write('x', 1, '1');
    const write = async (): Promise<void> => {
      for (let version = 2; version <= 60; version += 1) await files.write('x', version, `${version}`);
    };
    const writing = write();
    let last = 0;
    for (let reads = 0; reads < 60 && last < 60; reads += 1) {
      const found = await files.find('x');
      expect(Number(found?.text)).toBeGreaterThanOrEqual(last);
      last = Number(found?.text);
    }
    await writing;
  });
});
