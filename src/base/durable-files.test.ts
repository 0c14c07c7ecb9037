import { mkdir, mkdtempDisposable, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isErrno } from './errno.ts';
import { readTextFile, writeFileDurable } from './durable-files.ts';

let scratch: Awaited<ReturnType<typeof mkdtempDisposable>>;
beforeEach(async () => {
  scratch = await mkdtempDisposable('/var/tmp/stowage-test-');
});
afterEach(() => scratch.remove());

describe('writeFileDurable', () => {
  it('makes a file, replaces it, and leaves nothing else', async () => {
    const path = join(scratch.path, 'volume.json');

    await writeFileDurable(path, 'one');
    await writeFileDurable(path, 'two');

    expect(await readFile(path, 'utf8')).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(scratch.path)).toEqual(['volume.json']);
  });

  it('leaves nothing behind when it fails', async () => {
    const path = join(scratch.path, 'directory');
    await mkdir(join(path, 'inside'), { recursive: true });

    await expect(writeFileDurable(path, 'text')).rejects.toSatisfy((error) => isErrno(error, 'EISDIR'));

    expect(await readdir(scratch.path)).toEqual(['directory']);
  });
});

describe('readTextFile', () => {
  it.each([0, 1, 16 * 1024 - 1, 16 * 1024, 16 * 1024 + 1, 50_000])('reads %i bytes', async (length) => {
    const path = join(scratch.path, 'file');
    await writeFile(path, 'x'.repeat(length));

    expect(await readTextFile(path, { maximumBytes: 50_000 })).toHaveLength(length);
  });

  it.each([10, 60_000])('refuses more than %i bytes', async (maximumBytes) => {
    const path = join(scratch.path, 'file');
    await writeFile(path, 'x'.repeat(maximumBytes + 1));

    await expect(readTextFile(path, { maximumBytes })).rejects.toThrow('larger than');
  });

  it('follows no symlink', async () => {
    await symlink('/etc/passwd', join(scratch.path, 'link'));

    const read = readTextFile(join(scratch.path, 'link'), { maximumBytes: 1000 });

    await expect(read).rejects.toSatisfy((error) => isErrno(error, 'ELOOP'));
  });
});
